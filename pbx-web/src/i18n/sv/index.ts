import { flows } from './flows';
import { general } from './general';
import { nouns } from './nouns';
import { server } from './server';
import { shell } from './shell';
import { telephony } from './telephony';

export const sv = { ...general, ...shell, ...nouns, ...telephony, ...flows, server };

import { flows } from './flows';
import { general } from './general';
import { me } from './me';
import { nouns } from './nouns';
import { server } from './server';
import { shell } from './shell';
import { telephony } from './telephony';

export const sv = { ...general, ...shell, ...nouns, ...me, ...telephony, ...flows, server };

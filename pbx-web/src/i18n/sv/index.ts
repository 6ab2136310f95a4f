import { flows } from './flows';
import { general } from './general';
import { me } from './me';
import { nouns } from './nouns';
import { phone } from './phone';
import { server } from './server';
import { shell } from './shell';
import { telephony } from './telephony';

export const sv = { ...general, ...shell, ...nouns, ...me, ...phone, ...telephony, ...flows, server };

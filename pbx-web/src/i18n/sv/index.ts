import { auth } from './auth';
import { flows } from './flows';
import { general } from './general';
import { me } from './me';
import { nodes } from './nodes';
import { nouns } from './nouns';
import { phone } from './phone';
import { shell } from './shell';
import { telephony } from './telephony';

/** All words: for types and tests. The portal loads them part by part. */
export const sv = { ...general, ...auth, ...shell, ...nouns, ...nodes, ...telephony, ...flows, ...me, ...phone, server: { ...general.server, ...shell.server } };

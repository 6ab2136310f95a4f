import type { Words } from '../index';
import { auth } from './auth';
import { flows } from './flows';
import { general } from './general';
import { me } from './me';
import { nodes } from './nodes';
import { nouns } from './nouns';
import { phone } from './phone';
import { shell } from './shell';
import { telephony } from './telephony';

export const en: Words = { ...general, ...auth, ...shell, ...nouns, ...nodes, ...telephony, ...flows, ...me, ...phone, server: { ...general.server, ...shell.server } };

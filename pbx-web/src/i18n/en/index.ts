import type { Words } from '../index';
import { flows } from './flows';
import { general } from './general';
import { nouns } from './nouns';
import { server } from './server';
import { shell } from './shell';
import { telephony } from './telephony';

export const en: Words = { ...general, ...shell, ...nouns, ...telephony, ...flows, server };

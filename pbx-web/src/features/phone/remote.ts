/** What the phone asks the server for. */
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Credential } from './line';

export const fetchCredential = (extension: string | null): Promise<Credential> => unwrap(api.POST('/api/v1/me/phone', { body: extension ? { extension } : {} }));
export const giveBackCredential = () => unwrap(api.DELETE('/api/v1/me/phone'));

export const COLLEAGUES = '/api/v1/me/colleagues';
/** People, queues and groups of the same PBX, those that fit what is typed. */
export const colleagues = (search: string, limit = 50) => get(COLLEAGUES, { params: { query: { search, limit, offset: 0 } } });

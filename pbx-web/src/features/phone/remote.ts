/** What the phone asks the server for. */
import { queryOptions } from '@tanstack/react-query';
import { api, authorized } from '@/api/client';
import { problemFrom, unwrap } from '@/api/problem';
import type { Credential } from './line';

export type Presence = 'offline' | 'free' | 'ringing' | 'talking' | 'do_not_disturb';

export interface Colleague {
  extension: { id: string; number: string; name: string };
  kind: string;
  /** Null: a place such as a queue, which is neither free nor busy. */
  state: Presence | null;
}

async function send<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await authorized(new Request(new URL(path, location.origin), { method, ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}) }));
  if (!answer.ok) throw problemFrom(answer.status, await answer.json().catch(() => null));
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const fetchCredential = (extension: string | null): Promise<Credential> => unwrap(api.POST('/api/v1/me/phone', { body: extension ? { extension } : {} }));
export const giveBackCredential = () => unwrap(api.DELETE('/api/v1/me/phone'));

export const COLLEAGUES = '/api/v1/me/colleagues';
/** People, queues and groups of the same PBX, those that fit what is typed. */
export const colleagues = (search: string, limit = 50) =>
  queryOptions({
    queryKey: [COLLEAGUES, { search, limit }] as const,
    queryFn: () => send<{ items: Colleague[]; total: number }>('GET', `${COLLEAGUES}?${new URLSearchParams({ search, limit: String(limit), offset: '0' }).toString()}`),
  });

/** What the phone asks the server for. */
import { useQuery } from '@tanstack/react-query';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Colleague } from '@/api/types';
import { fetchPicture } from '@/features/shared/picture';
import type { Credential } from './line';

export const fetchCredential = (extension: string | null): Promise<Credential> => unwrap(api.POST('/api/v1/me/phone', { body: extension ? { extension } : {} }));
export const giveBackCredential = () => unwrap(api.DELETE('/api/v1/me/phone'));

export const COLLEAGUES = '/api/v1/me/colleagues';
/** People, queues and groups of the same PBX, those that fit what is typed. */
export const colleagues = (search: string, limit = 50) => get(COLLEAGUES, { params: { query: { search, limit, offset: 0 } } });

/** Of a PBX that has more people, those in front. */
export const everybody = () => colleagues('', 200);

/** The picture of a colleague who has one, as an address for an `<img>`. What is shown again is asked for again: it may be another. */
export function usePicture(colleague: Colleague | null): string | undefined {
  const id = colleague?.picture ? colleague.extension.id : null;
  // Not below the colleagues' path: what they do changes all day, their faces do not.
  const query = useQuery({ queryKey: ['picture', id] as const, queryFn: ({ signal }) => fetchPicture(`${COLLEAGUES}/${id ?? ''}/picture`, signal), enabled: id !== null, staleTime: 5 * 60_000, retry: false });
  return id === null ? undefined : query.data;
}

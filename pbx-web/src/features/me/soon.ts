import { queryOptions } from '@tanstack/react-query';
import { authorized } from '@/api/client';
import { problemFrom, type ApiError } from '@/api/problem';
import type { Call } from '@/api/types';

export interface Login {
  at: string;
  outcome: 'ok' | 'wrong_password' | 'wrong_code' | 'suspended';
  address: string | null;
  user_agent: string | null;
}
export interface MyOverview {
  calls_today: number;
  minutes_today: number;
  missed_today: number;
  new_messages: number;
  health: 'operational' | 'degraded' | 'down';
  recent: Call[];
}
export interface Colleague {
  extension: { id: string; number: string; name: string };
  kind: string;
  state: string | null;
}
export async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const raw = body instanceof Blob;
  let answer: Response;
  try {
    answer = await authorized(new Request(new URL(path, location.origin), { method, ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body), headers: { 'content-type': raw ? body.type : 'application/json' } }) }));
  } catch {
    throw problemFrom(0, null);
  }
  const text = await answer.text();
  let data: unknown = null;
  try {
    data = text ? JSON.parse(text) : undefined;
  } catch {
    data = null;
  }
  if (!answer.ok) throw problemFrom(answer.status, data);
  return data as T;
}

export const ask = <T>(path: string, query: Record<string, string | number> = {}) =>
  queryOptions<T, ApiError, T, readonly [string, unknown]>({
    queryKey: [path, query] as const,
    queryFn: () => send<T>('GET', `${path}?${new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)])).toString()}`),
  });

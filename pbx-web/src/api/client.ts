import createClient, { type MaybeOptionalInit } from 'openapi-fetch';
import type { PathsWithMethod, SuccessResponse, ResponseObjectMap } from 'openapi-typescript-helpers';
import { QueryClient, queryOptions, type QueryFilters, type QueryKey } from '@tanstack/react-query';
import i18next from 'i18next';
import { ApiError, unwrap } from './problem';
import { onBack, told } from './reach';
import type { paths } from './schema.gen';
import { accessToken } from './session';

/** Sends with the token; when the server says it is stale, renews it once and sends again. */
export async function authorized(request: Request): Promise<Response> {
  if (i18next.language) request.headers.set('accept-language', i18next.language);
  if (/\/api\/v1\/(auth|brand)(\/|\?|$)/.test(request.url)) return told(request);
  const again = request.clone();
  const token = await accessToken();
  if (token) request.headers.set('authorization', `Bearer ${token}`);
  const response = await told(request);
  if (response.status !== 401 || !token) return response;
  const renewed = await accessToken(true);
  if (!renewed) return response;
  again.headers.set('authorization', `Bearer ${renewed}`);
  return told(again);
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorized });

type GetPath = PathsWithMethod<paths, 'get'>;
type Init<P extends GetPath> = MaybeOptionalInit<paths[P], 'get'>;
type Data<P extends GetPath> = paths[P] extends { get: infer Get extends Record<string | number, unknown> }
  ? SuccessResponse<ResponseObjectMap<Get>>
  : never;

/** The query of a GET; its key is the path and what fills it. */
export function get<P extends GetPath>(path: P, init?: Init<P>) {
  return queryOptions<Data<P>, ApiError, Data<P>, readonly [P, unknown]>({
    queryKey: [path, init ?? null] as const,
    queryFn: ({ signal, queryKey }) => {
      const known = isGone(queryKey) ? queryClient.getQueryState(queryKey)?.data : undefined;
      if (known !== undefined) return known as Data<P>;
      const send = api.GET as (path: P, init: unknown) => Promise<{ data?: Data<P>; error?: unknown; response: Response }>;
      return unwrap(send(path, { ...init, signal }));
    },
  });
}

/** The parameters of a path: they name a thing and everything that belongs to it. */
export type Named = Readonly<Record<string, string>>;
const gone = new Set<Named>();
const belongsTo = (named: Named, [, init]: QueryKey): boolean => {
  const path = (init as { params?: { path?: Named } } | null)?.params?.path;
  return path !== undefined && Object.entries(named).every(([name, value]) => path[name] === value);
};
const isGone = (key: QueryKey): boolean => [...gone].some((named) => belongsTo(named, key));

/**
 * From here on nothing is asked about a thing that is being deleted: what still shows it keeps what it knows until it
 * closes, and doesn't meet a 404. The answer takes it back, for a deletion that failed.
 */
export function letGo(named: Named): () => void {
  gone.add(named);
  const filter: QueryFilters = { predicate: ({ queryKey }) => belongsTo(named, queryKey) };
  void queryClient.cancelQueries(filter);
  return () => {
    gone.delete(named);
    void queryClient.invalidateQueries(filter);
  };
}

/** Everything below a path, for what a change makes stale. */
export const below = (...prefixes: GetPath[]): QueryFilters => ({
  predicate: ({ queryKey: [path] }) => typeof path === 'string' && prefixes.some((prefix) => path.startsWith(prefix)),
});

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A refusal stays a refusal; only a missing answer or a fault is worth a second try.
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      retryDelay: (count) => Math.min(500 * 2 ** count, 4000),
    },
    mutations: { networkMode: 'always' },
  },
});

// What was asked while the server was silent is asked again.
onBack(() => void queryClient.invalidateQueries());

const keys = new Map<string, string>();
/**
 * The idempotency key of a body: the same while the same form is sent again (a double click, a lost answer), another
 * once anything in it changed.
 */
export function idempotencyKey(form: string, body: unknown): string {
  const content = `${form} ${JSON.stringify(body)}`;
  let key = keys.get(content);
  if (!key) {
    key = randomId();
    keys.set(content, key);
  }
  return key;
}
/** Forgets the keys, so that the same body can be created twice on purpose. */
export const forgetIdempotency = (): void => keys.clear();

/** `crypto.randomUUID` exists only on https and localhost. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

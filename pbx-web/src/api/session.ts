/**
 * Who is signed in. The access token lives in this module's memory only; the refresh token is a cookie that no
 * script can read. One refresh runs at a time over all tabs, because each use of the cookie replaces it and a
 * second use of an old one ends the session.
 */
import { problemFrom, ApiError } from './problem';
import type { Account, Membership, SignedIn } from './types';

export type Session =
  | { state: 'starting' }
  | { state: 'out'; expired: boolean }
  | { state: 'unreachable'; error: ApiError }
  | { state: 'in'; account: Account; memberships: Membership[] };

interface Token {
  access: string;
  /** Milliseconds since 1970. */
  expires: number;
}
type Message = { kind: 'in'; signedIn: SignedIn; expires: number } | { kind: 'out' };

const AUTH = '/api/v1/auth';
/** Remembers that this browser has a session, so that strangers cause no refusal; it opens nothing. */
const MARK = 'voxera.session';
/** A token is renewed when it has less than this left, in milliseconds. */
const MARGIN = 20_000;

let current: Session = { state: 'starting' };
let token: Token | null = null;
let running: Promise<boolean> | null = null;
const listeners = new Set<() => void>();
const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel('voxera.session') : null;

export const session = (): Session => current;
export function subscribeSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Session): void {
  current = next;
  listeners.forEach((listener) => listener());
}

function adopt(signedIn: SignedIn, expires: number): void {
  localStorage.setItem(MARK, 'yes');
  token = { access: signedIn.access_token, expires };
  become({ state: 'in', account: signedIn.account, memberships: signedIn.memberships });
}

/** Takes the answer of a sign-in or refresh and tells the other tabs. */
export function signedIn(answer: SignedIn): void {
  const expires = Date.now() + answer.expires_in * 1000;
  adopt(answer, expires);
  channel?.postMessage({ kind: 'in', signedIn: answer, expires } satisfies Message);
}

function signedOut(expired: boolean): void {
  token = null;
  localStorage.removeItem(MARK);
  become({ state: 'out', expired });
}

channel?.addEventListener('message', (event: MessageEvent<Message>) => {
  if (event.data.kind === 'out') signedOut(false);
  else if (current.state !== 'in' || sameAccount(event.data.signedIn)) adopt(event.data.signedIn, event.data.expires);
  // Another account signed in there: this tab's data is no longer ours to show.
  else location.reload();
});

const sameAccount = (next: SignedIn): boolean => current.state === 'in' && current.account.id === next.account.id;

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(AUTH + path, { method: 'POST', credentials: 'same-origin', ...init });
  } catch {
    throw new ApiError(0, 'network', '');
  }
}

/** Runs alone over all tabs, where the browser can arrange it (it can on https and on localhost). */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const locks = (navigator as { locks?: LockManager }).locks;
  if (!locks) return work();
  return (await locks.request('voxera.refresh', work));
}

/** Renews the token. False: there is no session (any more). Throws when the server cannot be asked. */
export function refresh(): Promise<boolean> {
  running ??= renew().finally(() => {
    running = null;
  });
  return running;
}

async function renew(): Promise<boolean> {
  const before = token?.access;
  return alone(async () => {
    // Another tab may have renewed while this one waited for its turn.
    if (token && token.access !== before && token.expires - Date.now() > MARGIN) return true;
    const response = await send('/refresh');
    if (response.ok) {
      signedIn((await response.json()) as SignedIn);
      return true;
    }
    if (response.status === 401 || response.status === 403) {
      await response.body?.cancel();
      signedOut(current.state === 'in');
      return false;
    }
    throw problemFrom(response.status, await response.json().catch(() => null));
  });
}

/** At load: is there a session? */
export async function start(): Promise<void> {
  if (!localStorage.getItem(MARK)) {
    signedOut(false);
    return;
  }
  try {
    await refresh();
  } catch (error) {
    become({ state: 'unreachable', error: error instanceof ApiError ? error : new ApiError(0, 'network', '') });
  }
}

/** A token with some life left; null when nobody is signed in. */
export async function accessToken(renewed = false): Promise<string | null> {
  if (!token) return null;
  if ((renewed || token.expires - Date.now() < MARGIN) && !(await refresh())) return null;
  return (token as Token | null)?.access ?? null;
}

const leaving = new Set<() => Promise<unknown>>();
/** Milliseconds that taking leave may take. */
const LEAVE_WITHIN = 1500;

/** What must still be told with the token before somebody signs out. */
export function onLeave(act: () => Promise<unknown>): () => void {
  leaving.add(act);
  return () => leaving.delete(act);
}

export async function signOut(): Promise<void> {
  if (leaving.size > 0) await Promise.race([Promise.allSettled([...leaving].map((act) => act())), new Promise((late) => setTimeout(late, LEAVE_WITHIN))]);
  const access = token?.access;
  signedOut(false);
  channel?.postMessage({ kind: 'out' } satisfies Message);
  await send('/logout', access ? { headers: { authorization: `Bearer ${access}` } } : {}).catch(() => undefined);
}

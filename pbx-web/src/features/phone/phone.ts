/** The phone of this browser: started when somebody with an extension signs in, gone when they sign out. */
import { below, queryClient } from '@/api/client';
import { follow } from '@/api/events';
import { ApiError } from '@/api/problem';
import { onLeave, session, subscribeSession } from '@/api/session';
import type { Command } from './commands';
import { Engine } from './engine';
import type { Credential } from './line';
import { colleagues, COLLEAGUES, fetchCredential, giveBackCredential } from './remote';
import { microphoneAllowed, microphonePermission, NoMicrophone, openMicrophone, stopStream } from './media';
import { sentTo, toldOf } from './park';
import { dispatch, mirror, phone, subscribe } from './store';
import { Tabs } from './tabs';
import { IDLE, isOurs, isUp } from './calls';

const EXTENSION = 'voxera.phone.extension';
const OFF = 'voxera.phone.off';

/** The extension that this browser is, where somebody has several; empty: their first. */
export const chosenExtension = (): string => localStorage.getItem(EXTENSION) ?? '';
/** Whether calls ring in this browser. */
export const isOn = (): boolean => localStorage.getItem(OFF) === null;

export function chooseExtension(id: string): void {
  localStorage.setItem(EXTENSION, id);
  tell({ do: 'restart' });
}

export function switchPhone(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, 'yes');
  tell({ do: 'restart' });
}

async function credential(): Promise<Credential | null> {
  if (!isOn()) return null;
  const extension = chosenExtension();
  try {
    return await fetchCredential(extension || null);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The extension that was chosen here is no longer theirs.
    if (error.status === 404 && extension) {
      localStorage.removeItem(EXTENSION);
      return credential();
    }
    if ([401, 403, 404, 409].includes(error.status)) return null;
    throw error;
  }
}

async function nameOf(number: string): Promise<string | null> {
  const { items } = await queryClient.query(colleagues(number));
  return items.find((row) => row.extension.number === number)?.extension.name ?? null;
}

interface Running {
  engine: Engine;
  tabs: Tabs;
  end: () => void;
}
let running: Running | null = null;

/** What happens at the server, for everybody who looks at it here. */
function followEvents(signal: AbortSignal): void {
  const again = (...paths: Parameters<typeof below>) => void queryClient.invalidateQueries(below(...paths));
  const people = () => void queryClient.invalidateQueries(below(COLLEAGUES));
  void follow('/api/v1/me/events', signal, {
    onOpen: () => {
      people();
      again('/api/v1/me/calls', '/api/v1/me/messages', '/api/v1/me/overview');
    },
    onLost: () => undefined,
    onEvent: ({ event, data }) => {
      if (event === 'call') toldOf(data);
      if (event === 'presence' || event === 'resync') people();
      if (event === 'call' || event === 'resync') again('/api/v1/me/calls', '/api/v1/me/overview');
      if (event === 'messages' || event === 'resync') again('/api/v1/me/messages', '/api/v1/me/overview');
    },
  });
}

/** Starts the phone, once for the page, for as long as somebody is signed in. */
export function startPhone(): void {
  if (running) return;
  const end = new AbortController();
  void microphonePermission();
  const engine = new Engine({ open: async () => (await import('./ua')).openLine, credential, microphone: () => openMicrophone(), allowed: microphoneAllowed, nameOf, now: () => Date.now() });
  const tabs = new Tabs({
    lead: () => {
      // What another tab was doing ended with it.
      for (const call of phone().calls.filter(isUp)) dispatch({ kind: 'ended', id: call.id, reason: 'lost', at: Date.now() });
      engine.start();
    },
    state: mirror,
    command: (command) => void engine.command(command),
    asked: phone,
  });
  let { line } = phone();
  const unsubscribe = subscribe(() => {
    tabs.tell(phone());
    if (phone().line === line) return;
    ({ line } = phone());
    // This browser is one of the phones that ring, or is none any more.
    void queryClient.invalidateQueries(below('/api/v1/me/extension'));
  });
  followEvents(end.signal);

  const leaving = onLeave(async () => {
    if (tabs.leads) await engine.stop();
    await giveBackCredential();
  });
  const watching = subscribeSession(() => {
    if (session().state === 'out') stop();
  });
  const hide = (event: PageTransitionEvent) => {
    if (!event.persisted && tabs.leads) engine.farewell();
  };
  const guard = (event: BeforeUnloadEvent) => {
    // Leaving the page would end the call.
    if (tabs.leads && engine.busy) event.preventDefault();
  };
  addEventListener('pagehide', hide);
  addEventListener('beforeunload', guard);

  const stop = () => {
    running = null;
    end.abort();
    leaving();
    watching();
    unsubscribe();
    removeEventListener('pagehide', hide);
    removeEventListener('beforeunload', guard);
    if (tabs.leads) void engine.stop();
    tabs.leave();
    mirror(IDLE);
  };
  running = { engine, tabs, end: stop };
}

/** Whether this tab is the phone itself. */
export const leads = (): boolean => running?.tabs.leads ?? false;

const NEEDS_MICROPHONE: readonly Command['do'][] = ['dial', 'answer', 'ask'];

/** Does something with the phone, in whichever tab it is. */
export function tell(command: Command): void {
  if (!running) return;
  if (command.do === 'pass') sentTo(command.number);
  const { tabs } = running;
  if (!tabs.leads && NEEDS_MICROPHONE.includes(command.do)) {
    // The browser asks in the tab that somebody looks at.
    void askHere().then((allowed) => allowed && tabs.ask(command));
    return;
  }
  tabs.ask(command);
}

/** For whatever calls when it is pressed: what a call needs is made ready while somebody reaches for it. */
export const callsSoon = { onPointerEnter: () => tell({ do: 'prepare' }), onFocus: () => tell({ do: 'prepare' }) };

async function askHere(): Promise<boolean> {
  if ((await microphonePermission()) === 'granted') return true;
  try {
    stopStream(await openMicrophone());
    return true;
  } catch (error) {
    running?.tabs.ask({ do: 'microphone', problem: error instanceof NoMicrophone ? error.problem : 'fault' });
    return false;
  }
}

export const inCall = (): boolean => phone().calls.some(isOurs);

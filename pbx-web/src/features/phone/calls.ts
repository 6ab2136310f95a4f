/**
 * The calls of this browser's phone, as data: what may happen to one, and what is left of it. Pure, so that every tab
 * can show it and every story can be tested; who does the calling is `engine.ts`.
 */

/** Somebody at the other end. `name` is what the directory says; null: only the number is known. */
export interface Party {
  number: string;
  name: string | null;
}

/** Why a call is over, in a word that the portal has a sentence for. */
export type Reason =
  | 'you'
  | 'they'
  | 'declined_by_you'
  | 'declined'
  | 'busy'
  | 'no_answer'
  | 'missed'
  | 'answered_elsewhere'
  | 'unknown_number'
  | 'not_allowed'
  | 'passed_on'
  | 'no_sound'
  | 'lost'
  | 'fault';

/** What is wrong with the sound of a call now. */
export type Trouble =
  /** Two seconds without a sound from the other side. */
  | 'nothing_heard'
  /** The microphone gives nothing at all. */
  | 'microphone_silent'
  /** The network lets no sound through. */
  | 'no_path'
  /** The connection broke; it is being made again. */
  | 'reconnecting';

export type Grade = 'good' | 'fair' | 'poor';

/** How the sound is, measured over the last seconds. */
export interface Sound {
  grade: Grade;
  /** Share of what should have come, 0 to 1. */
  loss: number;
  /** Milliseconds. */
  jitter: number;
  /** Milliseconds there and back; null: not measured yet. */
  delay: number | null;
  /** Such as `Opus`. */
  codec: string;
}

export type Phase =
  /** Somebody calls us. */
  | 'incoming'
  /** We call; the other side does not ring yet. */
  | 'dialling'
  /** It rings at the other side. */
  | 'ringing'
  /** Answered; the sound is being connected. */
  | 'connecting'
  | 'talking'
  | 'ended';

export interface PhoneCall {
  id: string;
  way: 'in' | 'out';
  party: Party;
  phase: Phase;
  /** Milliseconds since 1970. */
  startedAt: number;
  answeredAt: number | null;
  endedAt: number | null;
  muted: boolean;
  /** We put it on hold. */
  held: boolean;
  /** The other side did. */
  heldByThem: boolean;
  reason: Reason | null;
  sound: Sound | null;
  trouble: Trouble | null;
  /** Keys that were pressed in it, in order. */
  keys: string;
  /** It is being handed to somebody. `asked`: our call to them, when they are asked first. */
  transfer: { to: Party; asked: string | null; state: 'asking' | 'passing' } | null;
  /** The last attempt to hand it over did not succeed. */
  transferFailed: boolean;
  /** This one asks whether another call may be handed over. */
  asksFor: string | null;
  /** A call to the echo. */
  test: boolean;
}

/** Whether calls reach this browser. */
export type Line = 'off' | 'connecting' | 'ready' | 'lost' | 'refused';

/** Why there is no microphone. */
export type MicProblem = 'refused' | 'missing' | 'busy' | 'insecure' | 'fault';

export interface PhoneState {
  line: Line;
  calls: readonly PhoneCall[];
  /** The one in front: shown large, heard. */
  current: string | null;
  microphone: MicProblem | null;
}

export const IDLE: PhoneState = { line: 'off', calls: [], current: null, microphone: null };

export type PhoneEvent =
  | { kind: 'line'; line: Line }
  | { kind: 'microphone'; problem: MicProblem | null }
  | { kind: 'incoming'; id: string; party: Party; at: number }
  | { kind: 'dialled'; id: string; party: Party; at: number; asksFor?: string | null; test?: boolean }
  | { kind: 'ringing'; id: string }
  | { kind: 'accepted'; id: string }
  | { kind: 'answered'; id: string; at: number }
  | { kind: 'muted'; id: string; muted: boolean }
  | { kind: 'held'; id: string; held: boolean }
  | { kind: 'held_by_them'; id: string; held: boolean }
  | { kind: 'key'; id: string; key: string }
  | { kind: 'sound'; id: string; sound: Sound }
  | { kind: 'trouble'; id: string; trouble: Trouble | null }
  | { kind: 'transfer'; id: string; to: Party; asked: string | null }
  | { kind: 'passing'; id: string }
  | { kind: 'not_passed'; id: string }
  | { kind: 'transfer_given_up'; id: string }
  | { kind: 'named'; id: string; name: string }
  | { kind: 'ended'; id: string; reason: Reason; at: number }
  | { kind: 'front'; id: string }
  | { kind: 'forget'; id: string };

export const isUp = (call: PhoneCall): boolean => call.phase !== 'ended';
/** A call that one speaks in, or will as soon as the other side answers. */
export const isOurs = (call: PhoneCall): boolean => isUp(call) && call.phase !== 'incoming';
export const callOf = (state: PhoneState, id: string | null): PhoneCall | null => state.calls.find((call) => call.id === id) ?? null;
export const currentOf = (state: PhoneState): PhoneCall | null => callOf(state, state.current);
export const incomingOf = (state: PhoneState): readonly PhoneCall[] => state.calls.filter((call) => call.phase === 'incoming');
/** Calls that wait on hold behind the one in front. */
export const waitingOf = (state: PhoneState): readonly PhoneCall[] => state.calls.filter((call) => isOurs(call) && call.id !== state.current);

/** What is over goes when something new begins; what was missed stays until it is seen. */
const keeps = (call: PhoneCall): boolean => isUp(call) || call.reason === 'missed';
export const missedOf = (state: PhoneState): readonly PhoneCall[] => state.calls.filter((call) => call.reason === 'missed');

const fresh = (id: string, way: PhoneCall['way'], party: Party, at: number): PhoneCall => ({
  id,
  way,
  party,
  phase: way === 'in' ? 'incoming' : 'dialling',
  startedAt: at,
  answeredAt: null,
  endedAt: null,
  muted: false,
  held: false,
  heldByThem: false,
  reason: null,
  sound: null,
  trouble: null,
  keys: '',
  transfer: null,
  transferFailed: false,
  asksFor: null,
  test: false,
});

/** What is in front once `gone` no longer is: another call that is up, the newest first. */
function nextFront(calls: readonly PhoneCall[], gone: string): string | null {
  const up = calls.filter((call) => isOurs(call) && call.id !== gone);
  return up.at(-1)?.id ?? calls.find((call) => call.id === gone)?.id ?? null;
}

function change(state: PhoneState, id: string, to: (call: PhoneCall) => Partial<PhoneCall>): PhoneState {
  const found = callOf(state, id);
  // What is over stays as it ended, whatever comes late.
  if (!found || found.phase === 'ended') return state;
  return { ...state, calls: state.calls.map((call) => (call === found ? { ...call, ...to(call) } : call)) };
}

export function step(state: PhoneState, event: PhoneEvent): PhoneState {
  switch (event.kind) {
    case 'line':
      return event.line === state.line ? state : { ...state, line: event.line };
    case 'microphone':
      return event.problem === state.microphone ? state : { ...state, microphone: event.problem };
    case 'incoming':
      return callOf(state, event.id) ? state : { ...state, calls: [...state.calls, fresh(event.id, 'in', event.party, event.at)] };
    case 'dialled': {
      const call = { ...fresh(event.id, 'out', event.party, event.at), asksFor: event.asksFor ?? null, test: event.test ?? false };
      // The end of the last call is read; a new one takes its place.
      return { ...state, calls: [...state.calls.filter(keeps), call], current: event.id };
    }
    case 'ringing':
      return change(state, event.id, (call) => (call.phase === 'dialling' ? { phase: 'ringing' } : {}));
    case 'accepted': {
      const next = change(state, event.id, (call) => (call.phase === 'incoming' ? { phase: 'connecting' } : {}));
      return next === state ? state : { ...next, calls: next.calls.filter(keeps), current: event.id };
    }
    case 'answered':
      return change(state, event.id, (call) => (call.phase === 'talking' ? {} : { phase: 'talking', answeredAt: event.at }));
    case 'muted':
      return change(state, event.id, () => ({ muted: event.muted }));
    case 'held':
      return change(state, event.id, () => ({ held: event.held, trouble: null }));
    case 'held_by_them':
      return change(state, event.id, () => ({ heldByThem: event.held, trouble: null }));
    case 'key':
      return change(state, event.id, (call) => ({ keys: (call.keys + event.key).slice(-40) }));
    case 'sound':
      return change(state, event.id, () => ({ sound: event.sound }));
    case 'trouble':
      return change(state, event.id, (call) => (call.trouble === event.trouble ? {} : { trouble: event.trouble }));
    case 'transfer':
      return change(state, event.id, () => ({ transfer: { to: event.to, asked: event.asked, state: event.asked ? 'asking' : 'passing' }, transferFailed: false }));
    case 'passing':
      return change(state, event.id, (call) => (call.transfer ? { transfer: { ...call.transfer, state: 'passing' } } : {}));
    case 'not_passed':
      return change(state, event.id, () => ({ transfer: null, transferFailed: true }));
    case 'transfer_given_up':
      return change(state, event.id, () => ({ transfer: null }));
    case 'named':
      return change(state, event.id, (call) => ({ party: { ...call.party, name: event.name } }));
    case 'ended': {
      const over = change(state, event.id, () => ({ phase: 'ended', endedAt: event.at, reason: event.reason, transfer: null, trouble: null }));
      if (over === state) return state;
      // Whoever was asked is gone: nothing is handed over to them any more.
      const calls = over.calls.map((call) => (call.transfer?.asked === event.id && call.transfer.state === 'asking' ? { ...call, transfer: null } : call));
      return { ...over, calls, current: state.current === event.id ? nextFront(calls, event.id) : state.current };
    }
    case 'front':
      return callOf(state, event.id) ? { ...state, current: event.id } : state;
    case 'forget':
      return {
        ...state,
        calls: state.calls.filter((call) => call.id !== event.id || isUp(call)),
        current: state.current === event.id && callOf(state, event.id)?.phase === 'ended' ? null : state.current,
      };
  }
}

/** A number as it is dialled: what people write between the digits is left out. */
export const dialable = (text: string): string => text.trim().replace(/[\s().\-–/]/g, '');
/** Whether a text is a number that can be dialled. */
export const isNumber = (text: string): boolean => /^\+?[0-9*#]{1,32}$/.test(dialable(text));
/** Whether a number may be that of a colleague. */
export const isInside = (number: string): boolean => /^[0-9]{2,8}$/.test(number);

/** Why a call that we made was refused, from the code of the answer. */
export function refusal(code: number): Reason {
  switch (code) {
    case 486:
    case 600:
      return 'busy';
    case 408:
    case 480:
      return 'no_answer';
    case 404:
    case 410:
    case 484:
    case 604:
      return 'unknown_number';
    case 401:
    case 403:
    case 407:
      return 'not_allowed';
    case 603:
      return 'declined';
    case 415:
    case 488:
    case 606:
      return 'no_sound';
    case 487:
      return 'they';
    default:
      return 'fault';
  }
}

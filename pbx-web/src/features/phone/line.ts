import type { Party, Reason } from './calls';

/**
 * The boundary between the phone and the protocol that carries its calls: `engine.ts` above it knows calls and people,
 * `ua.ts` below it knows messages.
 */

/** What lets this browser be a phone; never shown. */
export interface Credential {
  device: string;
  extension: { id: string; number: string; name: string };
  realm: string;
  username: string;
  password: string;
  /** Path on this host. */
  websocket: string;
  /** Calls must name this browser's own addresses. */
  names_addresses: boolean;
  display_name: string;
  /** ISO 8601. */
  expires_at: string;
}

export interface LineHandlers {
  /** Calls reach this browser. */
  onReady: () => void;
  /** They do not any more; it is being tried again. */
  onLost: () => void;
  /** The credential is not taken (any more). The line does nothing further by itself. */
  onRefused: () => void;
  onIncoming: (leg: Leg) => void;
}

export interface LegHandlers {
  /** `early`: what is heard comes from the other side, so that no tone of ours is needed. */
  onRinging: (early: boolean) => void;
  onAnswered: () => void;
  onHeld: (held: boolean) => void;
  /** Sound of the other side can be played; told again when it changes. */
  onSound: (stream: MediaStream) => void;
  /** Whether packets find a way. */
  onPath: (state: 'up' | 'broken' | 'failed') => void;
  onEnded: (reason: Reason) => void;
}

/** One call at this browser. */
export interface Leg {
  readonly id: string;
  readonly party: Party;
  handlers: LegHandlers | null;
  /** Nothing is said in it before `speakThrough`. */
  answer: () => Promise<void>;
  decline: () => Promise<void>;
  hangUp: () => Promise<void>;
  hold: (on: boolean) => Promise<void>;
  mute: (on: boolean) => void;
  /** Speaks through this microphone from now on; one of before is closed. */
  speakThrough: (microphone: MediaStream) => Promise<void>;
  key: (key: string) => void;
  /** Hands the other side over to a number, or to the one at the other end of another leg. False: it was refused. */
  passTo: (to: string | Leg) => Promise<boolean>;
  stats: () => Promise<RTCStatsReport>;
}

export interface LineHandle {
  /** False while the connection is being made (again). */
  readonly ready: boolean;
  /** Somebody is about to call: what a call needs is made ready, all but the microphone. */
  prepare: () => void;
  /** Done when the call is on its way. */
  call: (number: string) => Promise<Leg>;
  /** Takes no more calls, and ends when the last that it has is over. */
  retire: () => void;
  /** Hangs up, signs off, and is gone. */
  close: () => Promise<void>;
}

export type OpenLine = (credential: Credential, handlers: LineHandlers) => LineHandle;

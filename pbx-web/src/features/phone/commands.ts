import type { MicProblem } from './calls';

/** What a person does with the phone, in whichever tab. */
export type Command =
  | { do: 'dial'; number: string; name: string | null; test?: boolean }
  /** Somebody is about to call. */
  | { do: 'prepare' }
  /** The key that answers is down; it is up again, and whatever it was for has been told. */
  | { do: 'press' | 'release'; id: string }
  | { do: 'answer' | 'decline' | 'hangUp' | 'swap' | 'forget'; id: string }
  | { do: 'mute' | 'hold'; id: string; on: boolean }
  | { do: 'key'; id: string; key: string }
  /** Hands a call over without asking. */
  | { do: 'pass'; id: string; number: string; name: string | null }
  /** Calls somebody to ask whether they take it. */
  | { do: 'ask'; id: string; number: string; name: string | null }
  /** Hands it to the one who was asked, or talks to the first again. */
  | { do: 'passAsked' | 'takeBack'; id: string }
  | { do: 'microphone'; problem: MicProblem | null }
  /** Other devices were chosen, or another extension, or the phone was switched on or off here. */
  | { do: 'devices' | 'restart' | 'reconnect' | 'seen' };

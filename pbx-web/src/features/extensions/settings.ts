import type { Destination, Extension, ExtensionSettings, ExtensionType, Member, Prompt } from '@/api/types';
import { destinationOf, promptOf } from './pickers';

/** Everything that a form about an extension of any kind holds; numbers as they are typed. */
export interface Values {
  number: string;
  name: string;
  user: string | null;
  kind: ExtensionType;
  ring_seconds: string;
  call_waiting: boolean;
  do_not_disturb: boolean;
  may_listen: boolean;
  caller_id: string | null;
  always: Destination | null;
  busy: Destination | null;
  no_answer: Destination | null;
  offline: Destination | null;
  mailbox: boolean;
  greeting: Prompt | null;
  longest_seconds: string;
  pin: string;
  /** The PIN that there is goes. */
  no_pin: boolean;
  members: Member[];
  strategy: Strategy;
  failed: Destination | null;
  wrap_up_seconds: string;
  max_wait_seconds: string;
  max_callers: string;
  music: string | null;
  announce: boolean;
  announce_seconds: string;
  max_members: string;
  flow: string | null;
  target: string | null;
  outside: string;
  recorded: boolean;
  notice: Prompt | null;
}

export const STRATEGIES = ['ring_all', 'sequential', 'round_robin', 'longest_idle', 'least_calls'] as const;
type Strategy = (typeof STRATEGIES)[number];
export const KINDS = ['user', 'hunt_group', 'queue', 'ivr', 'conference', 'voicemail', 'external'] as const satisfies ExtensionType[];

export const BLANK: Values = {
  number: '',
  name: '',
  user: null,
  kind: 'user',
  ring_seconds: '25',
  call_waiting: true,
  do_not_disturb: false,
  may_listen: false,
  caller_id: null,
  always: null,
  busy: null,
  no_answer: null,
  offline: null,
  mailbox: true,
  greeting: null,
  longest_seconds: '120',
  pin: '',
  no_pin: false,
  members: [],
  strategy: 'ring_all',
  failed: null,
  wrap_up_seconds: '10',
  max_wait_seconds: '600',
  max_callers: '50',
  music: null,
  announce: true,
  announce_seconds: '60',
  max_members: '10',
  flow: null,
  target: null,
  outside: '',
  recorded: false,
  notice: null,
};

export const whole = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN);

/** The fields of a form that hold a number, and what it may be. */
export const RANGES: Partial<Record<keyof Values, { kinds: readonly ExtensionType[]; from: number; to: number; when?: (values: Values) => boolean }>> = {
  ring_seconds: { kinds: ['user', 'hunt_group', 'queue'], from: 5, to: 120 },
  longest_seconds: { kinds: ['user'], from: 10, to: 600, when: (values) => values.mailbox },
  wrap_up_seconds: { kinds: ['queue'], from: 0, to: 600 },
  max_wait_seconds: { kinds: ['queue'], from: 10, to: 7200 },
  max_callers: { kinds: ['queue'], from: 1, to: 1000 },
  announce_seconds: { kinds: ['queue'], from: 15, to: 600, when: (values) => values.announce },
  max_members: { kinds: ['conference'], from: 2, to: 50 },
};

export function valuesOf(extension: Extension): Values {
  const { settings, recording } = extension;
  return {
    ...BLANK,
    number: extension.number,
    name: extension.name,
    user: extension.user ?? null,
    kind: settings.kind,
    recorded: Boolean(recording),
    notice: recording?.notice ?? null,
    ...held(settings),
  };
}

function held(settings: ExtensionSettings): Partial<Values> {
  switch (settings.kind) {
    case 'user':
      return {
        ring_seconds: String(settings.ring_seconds),
        call_waiting: settings.call_waiting,
        do_not_disturb: settings.do_not_disturb,
        may_listen: settings.may_listen,
        caller_id: settings.caller_id ?? null,
        always: settings.forwarding.always ?? null,
        busy: settings.forwarding.busy ?? null,
        no_answer: settings.forwarding.no_answer ?? null,
        offline: settings.forwarding.offline ?? null,
        mailbox: Boolean(settings.mailbox),
        greeting: settings.mailbox?.greeting ?? null,
        longest_seconds: String(settings.mailbox?.longest_seconds ?? 120),
      };
    case 'hunt_group':
      return { members: settings.members, strategy: settings.strategy, ring_seconds: String(settings.ring_seconds), failed: settings.failed ?? null };
    case 'queue':
      return {
        members: settings.members,
        strategy: settings.strategy,
        ring_seconds: String(settings.ring_seconds),
        wrap_up_seconds: String(settings.wrap_up_seconds),
        max_wait_seconds: String(settings.max_wait_seconds),
        max_callers: String(settings.max_callers),
        greeting: settings.greeting ?? null,
        music: settings.music ?? null,
        announce: Boolean(settings.announce_seconds),
        announce_seconds: String(settings.announce_seconds ?? 60),
        failed: settings.overflow ?? null,
      };
    case 'ivr':
      return { flow: settings.flow };
    case 'conference':
      return { max_members: String(settings.max_members) };
    case 'voicemail':
      return { target: settings.mailbox };
    case 'external':
      return { outside: settings.number };
  }
}

/** As the server takes it. A PIN is sent only when it changes. */
export function bodyOf(values: Values) {
  const person = values.kind === 'user';
  return {
    number: values.number.trim(),
    name: values.name.trim(),
    user: person ? values.user : null,
    // What has a default, or is only shown, need not be sent; the generated types do not know that.
    settings: settingsOf(values) as ExtensionSettings,
    recording: values.recorded && ['user', 'hunt_group', 'queue'].includes(values.kind) ? { notice: promptOf(values.notice) } : null,
  };
}

function settingsOf(values: Values) {
  const pin = values.pin.trim() ? { pin: values.pin.trim() } : values.no_pin ? { pin: null } : {};
  switch (values.kind) {
    case 'user':
      return {
        kind: values.kind,
        ring_seconds: whole(values.ring_seconds),
        call_waiting: values.call_waiting,
        do_not_disturb: values.do_not_disturb,
        may_listen: values.may_listen,
        caller_id: values.caller_id,
        forwarding: { always: destinationOf(values.always), busy: destinationOf(values.busy), no_answer: destinationOf(values.no_answer), offline: destinationOf(values.offline) },
        mailbox: values.mailbox ? { greeting: promptOf(values.greeting), longest_seconds: whole(values.longest_seconds), ...pin } : null,
      };
    case 'hunt_group':
      return { kind: values.kind, members: values.members, strategy: values.strategy, ring_seconds: whole(values.ring_seconds), failed: destinationOf(values.failed) };
    case 'queue':
      return {
        kind: values.kind,
        members: values.members,
        strategy: values.strategy,
        ring_seconds: whole(values.ring_seconds),
        wrap_up_seconds: whole(values.wrap_up_seconds),
        max_wait_seconds: whole(values.max_wait_seconds),
        max_callers: whole(values.max_callers),
        greeting: promptOf(values.greeting),
        music: values.music,
        announce_seconds: values.announce ? whole(values.announce_seconds) : null,
        overflow: destinationOf(values.failed),
      };
    case 'ivr':
      return { kind: values.kind, flow: values.flow };
    case 'conference':
      return { kind: values.kind, max_members: whole(values.max_members), ...pin };
    case 'voicemail':
      return { kind: values.kind, mailbox: values.target };
    case 'external':
      return { kind: values.kind, number: values.outside.trim() };
  }
}

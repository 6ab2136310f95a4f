import { useTranslation } from 'react-i18next';
import type { CallParty, Outcome, TraceStep } from '@/api/types';
import { Status, type Tone } from '@/ui/badge';

const tones: Record<Outcome, Tone> = {
  normal: 'good',
  cancelled: 'warn',
  busy: 'warn',
  no_answer: 'warn',
  declined: 'warn',
  offline: 'warn',
  unknown_number: 'bad',
  not_allowed: 'bad',
  no_route: 'bad',
  abandoned: 'warn',
  voicemail: 'accent',
  fault: 'bad',
};
export const OUTCOMES = Object.keys(tones) as Outcome[];

export function OutcomeWord({ outcome, talked }: { outcome: Outcome; talked?: boolean }) {
  const { t } = useTranslation();
  return <Status tone={tones[outcome]}>{outcome === 'normal' && talked === false ? t('outcome.ended') : t(`outcome.${outcome}`)}</Status>;
}

/** A side of a call as people speak of it: the name, and the number. */
export function Party({ party }: { party: CallParty }) {
  const number = party.extension ?? party.number;
  return party.name ? (
    <span>
      {party.name} <span className="tabular text-mute">{number}</span>
    </span>
  ) : (
    <span className="tabular">{number}</span>
  );
}

/** Why a call went as it did: its decisions in order. */
export function Story({ steps, live = false }: { steps: TraceStep[]; live?: boolean }) {
  return (
    <ol className="flex flex-col">
      {steps.map((step, index) => {
        const last = index === steps.length - 1;
        return (
          // The order is the identity: a trace only grows at its end.
          <li key={index} className="relative flex gap-3.5 pb-4 last:pb-0">
            {!last && <span aria-hidden className="absolute top-4 bottom-0 left-[5px] w-px bg-line-strong" />}
            <span aria-hidden className={`mt-1.5 size-[11px] shrink-0 rounded-full border-2 ${last ? 'border-accent bg-accent' : 'border-control bg-surface'} ${last && live ? 'animate-ring' : ''}`} />
            <p className="text-sm">{step.text}</p>
          </li>
        );
      })}
    </ol>
  );
}

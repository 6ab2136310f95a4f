import { useQuery } from '@tanstack/react-query';
import type { LucideIcon } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Colleague, Presence } from '@/api/types';
import { cx } from '@/lib/cx';
import { duration } from '@/lib/format';
import { useNow } from '@/lib/hooks';
import { initials } from '@/lib/text';
import { Tooltip } from '@/ui/tooltip';
import { isInside, type Party, type PhoneCall } from './calls';
import { colleagues, usePicture } from './remote';

/** The other side as people speak of it. */
export function useWho(): (party: Party) => string {
  const { t } = useTranslation();
  return (party) => party.name ?? (party.number || t('phone.withheld'));
}

/** The picture of the other side, or the initials where there is none. The name stands beside it. */
export function Face({ party, colleague = null, size = 'md' }: { party: Party; colleague?: Colleague | null; size?: 'md' | 'lg' }) {
  const picture = usePicture(colleague);
  const sizes = size === 'lg' ? 'size-20 text-2xl' : 'size-10 text-sm';
  if (picture) return <img src={picture} alt="" className={cx('shrink-0 rounded-full object-cover', sizes)} />;
  return (
    <span aria-hidden className={cx('inline-flex shrink-0 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent-text', sizes)}>
      {(party.name && initials(party.name)) || '#'}
    </span>
  );
}

/** The same of somebody who is looked for by their number. */
export function FaceOf({ party, size = 'md' }: { party: Party; size?: 'md' | 'lg' }) {
  const { data } = useQuery({ ...colleagues(party.number), enabled: isInside(party.number), staleTime: 60_000 });
  return <Face party={party} colleague={data?.items.find((row) => row.extension.number === party.number) ?? null} size={size} />;
}

const dots: Record<Presence | 'unknown', string> = { offline: 'bg-idle-dot', free: 'bg-good-dot', ringing: 'bg-warn-dot', talking: 'bg-bad-dot', do_not_disturb: 'bg-bad-dot', unknown: 'bg-transparent' };

/** A colleague's face with a dot; the word stands beside it. */
export function PresenceFace({ colleague }: { colleague: Colleague }) {
  const { extension, state } = colleague;
  return (
    <span className="relative shrink-0">
      <Face party={{ number: '', name: extension.name }} colleague={colleague} />
      {state && <span aria-hidden className={cx('absolute -right-0.5 -bottom-0.5 size-3 rounded-full border-2 border-surface', dots[state])} />}
    </span>
  );
}

/** Seconds since the answer, or as long as it lasted. */
export function CallTimer({ call }: { call: PhoneCall }) {
  const { t } = useTranslation();
  const now = useNow(500, call.endedAt === null);
  if (call.answeredAt === null) return null;
  return (
    <span role="timer" aria-label={t('phone.call.duration')} className="tabular">
      {duration(((call.endedAt ?? now) - call.answeredAt) / 1000)}
    </span>
  );
}

/** One of the round controls of a call, with its word below. */
export function Control({ icon: Icon, label, on = false, tone = 'plain', ...rest }: { icon: LucideIcon; label: string; on?: boolean; tone?: 'plain' | 'good' | 'bad' } & ComponentProps<'button'>) {
  return (
    <button type="button" {...rest} className="group flex w-18 flex-col items-center gap-1.5 rounded-xl py-1 text-xs text-soft disabled:cursor-not-allowed disabled:opacity-40">
      <span
        className={cx(
          'flex size-13 items-center justify-center rounded-full transition-colors',
          tone === 'bad' && 'bg-bad text-surface group-hover:bg-bad-hover',
          tone === 'good' && 'bg-good text-surface group-hover:opacity-90',
          tone === 'plain' && (on ? 'bg-text text-surface' : 'bg-sunken text-text group-enabled:group-hover:bg-hover border border-line'),
        )}
      >
        <Icon aria-hidden className="size-5" />
      </span>
      <span className="leading-tight">{label}</span>
    </button>
  );
}

/** A small button of the phone's own bars: a thumb wide. */
export function Tool({ icon: Icon, label, pressed, className, badge, ...rest }: { icon: LucideIcon; label: string; pressed?: boolean; badge?: ReactNode } & ComponentProps<'button'>) {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        aria-pressed={pressed}
        className={cx('relative inline-flex size-11 shrink-0 items-center justify-center rounded-full transition-colors', pressed ? 'bg-accent-soft text-accent-text' : 'text-mute hover:bg-hover hover:text-text', className)}
      >
        <Icon aria-hidden className="size-4.5" />
        {badge}
      </button>
    </Tooltip>
  );
}

/** Nothing here yet, in the size of the phone. */
export function Nothing({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center px-6 py-12 text-center">
      <span aria-hidden className="mb-3 flex size-11 items-center justify-center rounded-2xl bg-accent-soft text-accent-text">
        <Icon className="size-5" />
      </span>
      <p className="text-sm font-medium">{title}</p>
      {children && <p className="mt-1 text-xs text-balance text-mute">{children}</p>}
    </div>
  );
}

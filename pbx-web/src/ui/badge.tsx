import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';

export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'accent';

const dots: Record<Tone, string> = { good: 'bg-good-dot', warn: 'bg-warn-dot', bad: 'bg-bad-dot', idle: 'bg-idle-dot', accent: 'bg-accent' };

/** A status: a word with a dot, never colour alone. */
export function Status({ tone, children, pulse = false }: { tone: Tone; children: ReactNode; pulse?: boolean }) {
  return (
    <span className="inline-flex items-center gap-2 text-sm whitespace-nowrap text-soft">
      <span aria-hidden className={cx('size-2 shrink-0 rounded-full', dots[tone], pulse && 'animate-ring')} />
      {children}
    </span>
  );
}

const tints: Record<Tone, string> = {
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  idle: 'bg-sunken text-soft border border-line',
  accent: 'bg-accent-soft text-accent-text',
};

export function Badge({ tone = 'idle', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={cx('inline-flex items-center rounded-md px-1.5 py-0.5 text-xs font-medium whitespace-nowrap', tints[tone])}>{children}</span>;
}

import { CircleAlert, Info, RotateCw, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import { Button } from './button';

export const Skeleton = ({ className }: { className?: string }) => <div aria-hidden className={cx('animate-shimmer rounded-md bg-line', className)} />;

/** A waiting page: said once to screen readers. */
export function Loading({ children }: { children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-busy="true">
      <span className="sr-only">{t('state.loading')}</span>
      {children ?? (
        <div className="flex flex-col gap-3">
          <Skeleton className="h-6 w-48" />
          <Skeleton className="h-40 w-full" />
        </div>
      )}
    </div>
  );
}

export function EmptyState({ icon: Icon, title, children, action }: { icon: LucideIcon; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <span aria-hidden className="mb-4 flex size-12 items-center justify-center rounded-2xl bg-accent-soft text-accent-text">
        <Icon className="size-6" />
      </span>
      <p className="text-base font-semibold">{title}</p>
      {children && <p className="mt-1 max-w-md text-sm text-balance text-mute">{children}</p>}
      {action && <div className="mt-5 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

export function ErrorState({ title, children, onRetry, retrying = false }: { title: string; children?: ReactNode; onRetry?: () => void; retrying?: boolean }) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="flex flex-col items-center px-6 py-14 text-center">
      <span aria-hidden className="mb-4 flex size-12 items-center justify-center rounded-2xl bg-bad-soft text-bad">
        <TriangleAlert className="size-6" />
      </span>
      <p className="text-base font-semibold">{title}</p>
      {children && <p className="mt-1 max-w-md text-sm text-balance text-mute">{children}</p>}
      {onRetry && (
        <Button icon={RotateCw} loading={retrying} onClick={onRetry} className="mt-5">
          {t('action.retry')}
        </Button>
      )}
    </div>
  );
}

const notes = {
  info: { box: 'bg-accent-soft text-accent-text', icon: Info },
  warn: { box: 'bg-warn-soft text-warn', icon: TriangleAlert },
  bad: { box: 'bg-bad-soft text-bad', icon: CircleAlert },
};

export function Notice({ kind = 'info', children, role, action }: { kind?: keyof typeof notes; children: ReactNode; role?: 'alert' | 'status'; action?: ReactNode }) {
  const { box, icon: Icon } = notes[kind];
  return (
    <div role={role} className={cx('flex items-start gap-2.5 rounded-lg px-3.5 py-2.5 text-sm', box)}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1">{children}</div>
      {action}
    </div>
  );
}

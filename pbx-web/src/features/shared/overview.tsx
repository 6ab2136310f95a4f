import type { UseQueryResult } from '@tanstack/react-query';
import type { LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Overview } from '@/api/types';
import { useFormat } from '@/lib/format';
import { BarChart } from '@/ui/chart';
import { Card } from '@/ui/page';
import { Skeleton } from '@/ui/states';
import { View } from './view';

/** Dashboards ask again this often, in milliseconds. */
export const REFRESH = 15_000;

export interface Figure {
  label: string;
  value: number | null | undefined;
  icon: LucideIcon;
  to?: string;
}

export function Figures({ figures }: { figures: Figure[] }) {
  const format = useFormat();
  return (
    // The phone may lie beside the page: what counts is the room that is left.
    <div className="@container mb-6">
      <ul className="grid grid-cols-2 gap-3 @2xl:grid-cols-4">
        {figures.map(({ label, value, icon: Icon, to }) => (
          <li key={label} className="relative rounded-xl border border-line bg-surface p-4 shadow-card transition-colors has-[a]:hover:border-line-strong has-[a]:hover:bg-hover/50">
            <div className="flex items-center justify-between gap-2 text-sm text-mute">
              {to ? (
                <Link to={to} className="after:absolute after:inset-0 after:rounded-xl">
                  {label}
                </Link>
              ) : (
                label
              )}
              <Icon aria-hidden className="size-4 shrink-0" />
            </div>
            <p className="tabular mt-2 text-2xl font-semibold tracking-tight">{value === undefined || value === null ? '–' : format.number(value)}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function CallsChart({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const format = useFormat();
  const total = overview.calls_per_day.reduce((sum, day) => sum + day.answered + day.missed, 0);
  return (
    <Card title={t('overview.callsTitle')} description={t('overview.callsText', { total: format.number(total) })}>
      <BarChart
        title={t('overview.callsTitle')}
        first={t('overview.answered')}
        second={t('overview.missed')}
        bars={overview.calls_per_day.map((day) => ({ key: day.date, label: format.day(day.date), short: format.dayShort(day.date), first: day.answered, second: day.missed }))}
      />
    </Card>
  );
}

export function OverviewView({ query, children }: { query: UseQueryResult<Overview>; children: (overview: Overview) => React.ReactNode }) {
  return (
    <View
      query={query}
      skeleton={
        <>
          <div className="mb-6 grid grid-cols-2 gap-3 lg:grid-cols-4">
            {[1, 2, 3, 4].map((n) => (
              <Skeleton key={n} className="h-24 rounded-xl" />
            ))}
          </div>
          <Skeleton className="h-72 rounded-xl" />
        </>
      }
    >
      {children}
    </View>
  );
}

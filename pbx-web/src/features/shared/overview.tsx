import type { UseQueryResult } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Overview } from '@/api/types';
import { useFormat } from '@/lib/format';
import { BarChart } from '@/ui/chart';
import { Card } from '@/ui/page';
import { Skeleton } from '@/ui/states';
import { View } from './view';

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

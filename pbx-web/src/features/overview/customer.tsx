import { useQuery } from '@tanstack/react-query';
import { ArrowRight, Check, Phone, PhoneCall, Users, Wifi } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { get } from '@/api/client';
import type { Overview } from '@/api/types';
import { useStanding } from '@/features/session/hooks';
import { Figures, REFRESH } from '@/features/shared/figures';
import { CallsChart, OverviewView } from '@/features/shared/overview';
import { usePlace } from '@/features/shared/place';
import { cx } from '@/lib/cx';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Card, PageHeader } from '@/ui/page';

export function CustomerOverview() {
  const { t } = useTranslation();
  useTitle(t('nav.overview'));
  const { tenant, customer } = usePlace();
  const { may } = useStanding({ tenant, customer });
  const here = paths.customer(tenant, customer);
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/overview', { params: { path: { tenant, customer } } }), refetchInterval: REFRESH });
  const pbxs = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs', { params: { path: { tenant, customer }, query: { sort: 'name', limit: 200, offset: 0 } } }));
  const first = pbxs.data?.items[0]?.id;
  const pbx = first ? here.pbx(first) : undefined;
  return (
    <>
      <PageHeader title={t('nav.overview')}>{t('overview.customer')}</PageHeader>
      <OverviewView query={query}>
        {(overview) => (
          <>
            <Figures
              figures={[
                { label: t('nav.people'), value: overview.counts.users, icon: Users, ...(may('customer_admin') ? { to: here.people } : {}) },
                { label: t('nav.extensions'), value: overview.counts.extensions, icon: Phone, ...(pbx ? { to: pbx.extensions } : {}) },
                { label: t('overview.phonesOnline'), value: overview.counts.phones_online, icon: Wifi, ...(pbx ? { to: pbx.online } : {}) },
                { label: t('overview.liveCalls'), value: overview.counts.live_calls, icon: PhoneCall, ...(pbx ? { to: pbx.live } : {}) },
              ]}
            />
            {may('customer_admin') && <Checklist overview={overview} newPbx={here.newPbx} people={here.invite} extensions={pbx?.extensions} />}
            <CallsChart overview={overview} />
          </>
        )}
      </OverviewView>
    </>
  );
}

/** The way from nothing to the first call; gone once it has been walked. */
function Checklist({ overview: { counts, calls_per_day }, newPbx, people, extensions }: { overview: Overview; newPbx: string; people: string; extensions: string | undefined }) {
  const { t } = useTranslation();
  const called = calls_per_day.some((day) => day.answered > 0);
  const steps = [
    { key: 'pbx' as const, done: counts.pbxs > 0, to: newPbx },
    { key: 'people' as const, done: counts.users > 1, to: people },
    { key: 'extensions' as const, done: counts.extensions > 1, to: extensions },
    { key: 'phones' as const, done: called || counts.phones_online > 0, to: extensions },
    { key: 'call' as const, done: called, to: undefined },
  ];
  if (steps.every((step) => step.done)) return null;
  const next = steps.findIndex((step) => !step.done);
  return (
    <Card title={t('checklist.title')} description={t('checklist.text', { done: steps.filter((step) => step.done).length, total: steps.length })} className="mb-6" flush>
      <ol className="border-t border-line">
        {steps.map((step, index) => (
          <li key={step.key} className="relative flex items-center gap-3.5 border-b border-line px-5 py-3 last:border-b-0 has-[a]:hover:bg-hover/60">
            <span aria-hidden className={cx('flex size-5 shrink-0 items-center justify-center rounded-full border text-2xs', step.done ? 'border-accent bg-accent text-on-accent' : index === next ? 'border-accent-text text-accent-text' : 'border-control text-mute')}>
              {step.done ? <Check className="size-3" strokeWidth={3} /> : index + 1}
            </span>
            <span className={cx('min-w-0 flex-1 text-sm', step.done && 'text-mute')}>
              {!step.done && step.to ? (
                <Link to={step.to} className="font-medium after:absolute after:inset-0">
                  {t(`checklist.${step.key}`)}
                </Link>
              ) : (
                t(`checklist.${step.key}`)
              )}
              <span className="sr-only">{step.done ? ` (${t('checklist.done')})` : ''}</span>
            </span>
            {!step.done && step.to && <ArrowRight aria-hidden className="size-4 text-mute" />}
          </li>
        ))}
      </ol>
    </Card>
  );
}

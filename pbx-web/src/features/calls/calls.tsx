import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Download, PhoneIncoming } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, useLocation } from 'react-router';
import { authorized, get } from '@/api/client';
import { problemFrom } from '@/api/problem';
import type { Call } from '@/api/types';
import { useErrorText } from '@/features/shared/errors';
import { List, useList, type ListState } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { duration } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { download } from '@/lib/text';
import { Button } from '@/ui/button';
import { Input, Select } from '@/ui/field';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { toast } from '@/ui/toast';
import { Time } from '@/ui/time';
import { daysOf } from './days';
import { useFallback } from './feed';
import { OUTCOMES, OutcomeWord, Party } from './parts';

const SORTS = ['started_at', 'duration', 'from', 'to', 'outcome'] as const;
const FILTERS = ['outcome', 'extension', 'from', 'to'] as const;
const isOutcome = (value: string): value is Call['outcome'] => (OUTCOMES as string[]).includes(value);

function filtersOf(list: ListState) {
  const outcome = list.filter('outcome');
  const extension = list.filter('extension');
  return { ...(isOutcome(outcome) ? { outcome } : {}), ...(extension ? { extension } : {}), ...daysOf(list) };
}

export function CallsPage() {
  const { t } = useTranslation();
  useTitle(t('calls.title'));
  const { tenant, customer, pbx } = usePlace();
  const here = paths.customer(tenant, customer).pbx(pbx);
  const { search } = useLocation();
  const list = useList(SORTS, '-started_at', FILTERS);
  const filters = filtersOf(list);
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/calls', { params: { path: { tenant, customer, pbx }, query: { ...list.query, ...filters } } }),
    placeholderData: keepPreviousData,
    refetchInterval: useFallback(),
  });
  return (
    <>
      <PageHeader title={t('calls.title')} actions={query.data?.total ? <CsvButton path={{ tenant, customer, pbx }} query={{ ...(list.search ? { search: list.search } : {}), sort: list.sort, ...filters }} /> : undefined}>
        {t('calls.text')}
      </PageHeader>
      <List<Call>
        list={list}
        query={query}
        label={t('calls.title')}
        searchLabel={t('calls.search')}
        rowKey={(call) => call.id}
        rowLink={(call) => `${here.call(call.id)}${search}`}
        filters={
          <>
            <Select aria-label={t('calls.outcome')} value={list.filter('outcome')} onChange={(event) => list.set({ outcome: event.target.value })} className="sm:w-44">
              <option value="">{t('calls.allOutcomes')}</option>
              {OUTCOMES.map((outcome) => (
                <option key={outcome} value={outcome}>
                  {t(`outcome.${outcome}`)}
                </option>
              ))}
            </Select>
            <Input aria-label={t('calls.extension')} placeholder={t('calls.extension')} inputMode="numeric" key={list.filter('extension')} defaultValue={list.filter('extension')} onBlur={(event) => event.target.value !== list.filter('extension') && list.set({ extension: event.target.value.trim() })} onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()} className="sm:max-w-32" />
            <label className="col-span-2 grid grid-cols-[2.5rem_1fr] items-center gap-2 text-sm whitespace-nowrap text-mute sm:flex">
              {t('calls.fromDay')}
              <Input type="date" value={list.filter('from')} max={list.filter('to') || undefined} onChange={(event) => list.set({ from: event.target.value })} className="min-w-0 sm:w-36" />
            </label>
            <label className="col-span-2 grid grid-cols-[2.5rem_1fr] items-center gap-2 text-sm whitespace-nowrap text-mute sm:flex">
              {t('calls.toDay')}
              <Input type="date" value={list.filter('to')} min={list.filter('from') || undefined} onChange={(event) => list.set({ to: event.target.value })} className="min-w-0 sm:w-36" />
            </label>
          </>
        }
        columns={[
          { key: 'from', header: t('calls.caller'), sort: 'from', cell: (call) => <Party party={call.from} /> },
          { key: 'to', header: t('calls.callee'), sort: 'to', cell: (call) => <Party party={call.to} /> },
          { key: 'outcome', header: t('calls.outcome'), sort: 'outcome', cell: (call) => <OutcomeWord outcome={call.outcome} talked={Boolean(call.answered_at)} /> },
          { key: 'talk', header: t('calls.talked'), sort: 'duration', align: 'right', cell: (call) => (call.answered_at ? duration(call.talk_seconds) : '–') },
          { key: 'at', header: t('calls.when'), sort: 'started_at', align: 'right', cell: (call) => <Time at={call.started_at} /> },
        ]}
        empty={
          <EmptyState icon={PhoneIncoming} title={t('calls.emptyTitle')}>
            {t('calls.emptyText')}
          </EmptyState>
        }
      />
      <Outlet />
    </>
  );
}

function CsvButton({ path, query }: { path: { tenant: string; customer: string; pbx: string }; query: Record<string, string> }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [running, setRunning] = useState(false);
  const fetchCsv = async () => {
    const url = new URL(`/api/v1/tenants/${path.tenant}/customers/${path.customer}/pbxs/${path.pbx}/calls`, location.origin);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const response = await authorized(new Request(url, { headers: { accept: 'text/csv' } }));
    if (!response.ok) throw problemFrom(response.status, await response.json().catch(() => null));
    download(`${t('calls.fileName')}-${new Date().toISOString().slice(0, 10)}.csv`, await response.blob());
  };
  return (
    <Button
      icon={Download}
      loading={running}
      onClick={() => {
        setRunning(true);
        fetchCsv()
          .catch((error: unknown) => toast.bad(t('error.failed'), errorText.whole(error)))
          .finally(() => setRunning(false));
      }}
    >
      {t('calls.csv')}
    </Button>
  );
}

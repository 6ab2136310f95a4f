import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { PhoneIncoming } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import type { Call } from '@/api/types';
import { OutcomeWord, Party } from '@/features/calls/parts';
import { List, useList } from '@/features/shared/list';
import { duration } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';

export function MyCallsPage() {
  const { t } = useTranslation();
  useTitle(t('me.calls'));
  const list = useList(['started_at'], '-started_at');
  const query = useQuery({ ...get('/api/v1/me/calls', { params: { query: list.query } }), placeholderData: keepPreviousData, refetchInterval: 15_000 });
  return (
    <>
      <PageHeader title={t('me.calls')}>{t('me.callsText')}</PageHeader>
      <List<Call>
        list={list}
        query={query}
        label={t('me.calls')}
        searchLabel={t('calls.search')}
        rowKey={(call) => call.id}
        columns={[
          { key: 'from', header: t('calls.caller'), cell: (call) => <Party party={call.from} /> },
          { key: 'to', header: t('calls.callee'), cell: (call) => <Party party={call.to} /> },
          { key: 'outcome', header: t('calls.outcome'), cell: (call) => <OutcomeWord outcome={call.outcome} talked={Boolean(call.answered_at)} /> },
          { key: 'talk', header: t('calls.talked'), align: 'right', cell: (call) => (call.answered_at ? duration(call.talk_seconds) : '–') },
          { key: 'at', header: t('calls.when'), sort: 'started_at', align: 'right', cell: (call) => <Time at={call.started_at} /> },
        ]}
        empty={
          <EmptyState icon={PhoneIncoming} title={t('calls.emptyTitle')}>
            {t('me.callsEmpty')}
          </EmptyState>
        }
      />
    </>
  );
}

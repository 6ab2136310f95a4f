import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Check, PhoneForwarded, Undo2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Callback } from '@/api/types';
import { useFallback } from '@/features/calls/feed';
import { useAction } from '@/features/shared/action';
import { List, useList } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { useTitle } from '@/lib/hooks';
import { Status } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';

/** Callers who asked to be called back, and who did it. */
export function CallbacksPage() {
  const { t } = useTranslation();
  useTitle(t('callbacks.title'));
  const { tenant, customer, pbx } = usePlace();
  const path = { tenant, customer, pbx };
  const list = useList(['requested_at'], '-requested_at', ['done']);
  const done = list.filter('done');
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/callbacks', { params: { path, query: { ...list.query, ...(done === 'true' || done === 'false' ? { done: done === 'true' } : {}) } } }),
    placeholderData: keepPreviousData,
    refetchInterval: useFallback(),
  });
  const reopen = (callback: string) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/callbacks/{callback}/reopen', { params: { path: { ...path, callback } } }));
  const finish = useAction({
    stale: stale.pbx,
    success: t('callbacks.finished'),
    run: (callback: Callback) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/callbacks/{callback}/done', { params: { path: { ...path, callback: callback.id } } })),
    undo: (_, callback) => reopen(callback.id),
  });
  const again = useAction({ stale: stale.pbx, run: (callback: Callback) => reopen(callback.id) });
  return (
    <>
      <PageHeader title={t('callbacks.title')}>{t('callbacks.text')}</PageHeader>
      <List<Callback>
        list={list}
        query={query}
        label={t('callbacks.title')}
        searchLabel={t('callbacks.search')}
        rowKey={(callback) => callback.id}
        filters={
          <Select aria-label={t('callbacks.state')} value={done} onChange={(event) => list.set({ done: event.target.value })} className="sm:w-44">
            <option value="">{t('callbacks.all')}</option>
            <option value="false">{t('callbacks.open')}</option>
            <option value="true">{t('callbacks.done')}</option>
          </Select>
        }
        columns={[
          {
            key: 'number',
            header: t('callbacks.number'),
            cell: (callback) => (
              <a href={`tel:${callback.number}`} className="tabular font-medium text-accent-text hover:underline">
                {callback.national}
              </a>
            ),
          },
          {
            key: 'whom',
            header: t('callbacks.whom'),
            cell: (callback) => (
              <span>
                <span className="tabular">{callback.whom.number}</span> {callback.whom.name}
              </span>
            ),
          },
          { key: 'state', header: t('callbacks.state'), cell: (callback) => (callback.done_at ? <Status tone="good">{callback.done_by ? t('callbacks.doneBy', { name: callback.done_by }) : t('callbacks.done')}</Status> : <Status tone="warn">{t('callbacks.open')}</Status>) },
          { key: 'at', header: t('callbacks.requested'), sort: 'requested_at', align: 'right', cell: (callback) => <Time at={callback.requested_at} /> },
        ]}
        rowActions={(callback) =>
          callback.done_at ? (
            <Button size="sm" variant="ghost" icon={Undo2} onClick={() => again.mutate(callback)}>
              {t('callbacks.reopen')}
            </Button>
          ) : (
            <Button size="sm" icon={Check} onClick={() => finish.mutate(callback)}>
              {t('callbacks.finish')}
            </Button>
          )
        }
        empty={
          <EmptyState icon={PhoneForwarded} title={t('callbacks.emptyTitle')}>
            {t('callbacks.emptyText')}
          </EmptyState>
        }
      />
    </>
  );
}

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Wifi } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import { List, useList } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Status } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';
import { FeedStatus, useFallback } from './feed';

export function OnlinePage() {
  const { t } = useTranslation();
  useTitle(t('online.title'));
  const { tenant, customer, pbx } = usePlace();
  const here = paths.customer(tenant, customer).pbx(pbx);
  const list = useList(['extension', 'user_agent', 'registered_at'], 'extension');
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/registrations', { params: { path: { tenant, customer, pbx }, query: list.query } }),
    placeholderData: keepPreviousData,
    refetchInterval: useFallback(),
  });
  return (
    <>
      <PageHeader title={t('online.title')} actions={<FeedStatus />}>
        {t('online.text')}
      </PageHeader>
      <List
        list={list}
        query={query}
        label={t('online.title')}
        searchLabel={t('online.search')}
        rowKey={(row) => `${row.device} ${row.source}`}
        rowLink={(row) => here.extension(row.extension)}
        columns={[
          {
            key: 'extension',
            header: t('extensions.one'),
            sort: 'extension',
            cell: (row) => (
              <span>
                <span className="tabular">{row.extension_number}</span> {row.extension_name}
              </span>
            ),
          },
          { key: 'device', header: t('online.phone'), cell: (row) => <Status tone="good">{row.device_name ?? '–'}</Status> },
          { key: 'agent', header: t('online.model'), sort: 'user_agent', from: 'lg', cell: (row) => <span className="text-mute">{row.user_agent ?? '–'}</span> },
          { key: 'address', header: t('online.address'), from: 'md', cell: (row) => <span className="tabular text-mute">{row.source}</span> },
          { key: 'since', header: t('online.since'), sort: 'registered_at', align: 'right', cell: (row) => <Time at={row.registered_at} /> },
        ]}
        empty={
          <EmptyState icon={Wifi} title={t('online.emptyTitle')} action={<LinkButton to={here.extensions}>{t('online.toExtensions')}</LinkButton>}>
            {t('online.emptyText')}
          </EmptyState>
        }
      />
    </>
  );
}

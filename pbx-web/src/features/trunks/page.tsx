import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Plus, Waypoints } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { get } from '@/api/client';
import type { Trunk } from '@/api/types';
import { List, useList } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Badge, Status, type Tone } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { PageHeader } from '@/ui/page';
import { EmptyState, Notice } from '@/ui/states';
import { NewTrunkSheet, TrunkSheet } from './sheets';

const tones: Record<Trunk['state'], Tone> = { up: 'good', down: 'bad', untried: 'idle' };

export function TrunkState({ trunk }: { trunk: Trunk }) {
  const { t } = useTranslation();
  return (
    <span className="flex flex-col gap-0.5">
      <Status tone={tones[trunk.state]}>{t(`trunks.state.${trunk.state}`)}</Status>
      {trunk.state === 'down' && <span className="max-w-sm text-xs text-mute">{trunk.state_text}</span>}
    </span>
  );
}

/** Lines to the public network. */
export function TrunksPage() {
  const { t } = useTranslation();
  useTitle(t('trunks.title'));
  const { tenant, customer, pbx } = usePlace();
  const { trunk } = useParams();
  const base = paths.customer(tenant, customer).pbx(pbx).trunks;
  const { search } = useLocation();
  const navigate = useNavigate();
  const close = () => void navigate({ pathname: base, search });
  const list = useList(['priority', 'name'], 'priority');
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks', { params: { path: { tenant, customer, pbx }, query: list.query } }),
    placeholderData: keepPreviousData,
    refetchInterval: 5000,
  });
  const create = (
    <LinkButton variant="primary" icon={Plus} to={{ pathname: `${base}/new`, search }}>
      {t('trunks.new')}
    </LinkButton>
  );
  const rows = query.data?.items ?? [];
  return (
    <>
      <PageHeader title={t('trunks.title')} actions={create}>
        {t('trunks.text')}
      </PageHeader>
      {query.data && !rows.some((row) => row.emergency) && (
        <div className="mb-4">
          <Notice kind="warn">{t('trunks.noEmergency')}</Notice>
        </div>
      )}
      <List<Trunk>
        list={list}
        query={query}
        label={t('trunks.title')}
        rowKey={(row) => row.id}
        rowLink={(row) => `${base}/${row.id}${search}`}
        columns={[
          {
            key: 'name',
            header: t('field.name'),
            sort: 'name',
            cell: (row) => (
              <span className="inline-flex items-center gap-2">
                {row.name} {row.emergency && <Badge tone="good">112</Badge>}
              </span>
            ),
          },
          { key: 'state', header: t('trunks.stateTitle'), cell: (row) => <TrunkState trunk={row} /> },
          { key: 'kind', header: t('trunks.kind'), from: 'md', cell: (row) => t(`trunks.kinds.${row.kind}`) },
          { key: 'host', header: t('trunks.host'), from: 'md', cell: (row) => <span className="tabular text-mute">{row.host}</span> },
          { key: 'priority', header: t('trunks.priority'), sort: 'priority', align: 'right', from: 'lg', cell: (row) => row.priority },
        ]}
        empty={
          <EmptyState icon={Waypoints} title={t('trunks.emptyTitle')} action={create}>
            {t('trunks.emptyText')}
          </EmptyState>
        }
      />
      {trunk === 'new' && <NewTrunkSheet onClose={close} />}
      {trunk && trunk !== 'new' && <TrunkSheet key={trunk} id={trunk} onClose={close} />}
    </>
  );
}

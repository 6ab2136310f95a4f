import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Plus, Server } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { get } from '@/api/client';
import type { Node } from '@/api/types';
import { List, useList } from '@/features/shared/list';
import { REFRESH } from '@/features/shared/figures';
import { useFormat } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Badge, Status, type Tone } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { PageHeader } from '@/ui/page';
import { EmptyState, Notice } from '@/ui/states';
import { NewNodeSheet, NodeSheet } from './sheets';

const tones: Record<Node['state'], Tone> = { up: 'good', down: 'bad', untried: 'idle' };

export function NodeState({ node }: { node: Node }) {
  const { t } = useTranslation();
  return (
    <span className="flex flex-col gap-0.5">
      <Status tone={tones[node.state]}>{t(`nodes.state.${node.state}`)}</Status>
      {node.state === 'down' && <span className="max-w-sm text-xs text-mute">{node.state_text}</span>}
    </span>
  );
}

/** The machines that carry calls. */
export function NodesPage() {
  const { t } = useTranslation();
  useTitle(t('nodes.title'));
  const format = useFormat();
  const { node } = useParams();
  const base = paths.platform.nodes;
  const { search } = useLocation();
  const navigate = useNavigate();
  const close = () => void navigate({ pathname: base, search });
  const list = useList(['name', 'weight', 'created_at'], 'name');
  const query = useQuery({ ...get('/api/v1/platform/nodes', { params: { query: list.query } }), placeholderData: keepPreviousData, refetchInterval: 2000 });
  const { data: status } = useQuery({ ...get('/api/v1/platform/status'), refetchInterval: REFRESH });
  const create = (
    <LinkButton variant="primary" icon={Plus} to={{ pathname: `${base}/new`, search }}>
      {t('nodes.new')}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t('nodes.title')} actions={create}>
        {t('nodes.text')}
      </PageHeader>
      {status?.engine.address && !status.engine.nodes && (
        <div className="mb-4">
          <Notice>{t('nodes.idle')}</Notice>
        </div>
      )}
      <List<Node>
        list={list}
        query={query}
        label={t('nodes.title')}
        searchLabel={t('nodes.search')}
        rowKey={(row) => row.id}
        rowLink={(row) => `${base}/${row.id}${search}`}
        columns={[
          {
            key: 'name',
            header: t('field.name'),
            sort: 'name',
            cell: (row) => (
              <span className="inline-flex items-center gap-2">
                {row.name} {row.draining && <Badge tone="warn">{t('nodes.draining')}</Badge>}
              </span>
            ),
          },
          { key: 'state', header: t('nodes.stateTitle'), cell: (row) => <NodeState node={row} /> },
          { key: 'calls', header: t('nodes.calls'), align: 'right', cell: (row) => (row.most_calls > 0 ? t('nodes.callsOf', { calls: format.number(row.calls), most: format.number(row.most_calls) }) : '–') },
          { key: 'load', header: t('nodes.load'), align: 'right', from: 'md', cell: (row) => (typeof row.load_percent === 'number' ? `${row.load_percent} %` : '–') },
          { key: 'host', header: t('nodes.host'), from: 'lg', cell: (row) => <span className="tabular text-mute">{row.host}</span> },
          { key: 'weight', header: t('nodes.weight'), sort: 'weight', align: 'right', from: 'lg', cell: (row) => row.weight },
        ]}
        empty={
          <EmptyState icon={Server} title={t('nodes.emptyTitle')} action={create}>
            {t('nodes.emptyText')}
          </EmptyState>
        }
      />
      {node === 'new' && <NewNodeSheet onClose={close} />}
      {node && node !== 'new' && <NodeSheet key={node} id={node} onClose={close} />}
    </>
  );
}

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Building2, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Outlet } from 'react-router';
import { get } from '@/api/client';
import type { Tenant } from '@/api/types';
import { List, useList } from '@/features/shared/list';
import { paths } from '@/lib/paths';
import { useTitle } from '@/lib/hooks';
import { Badge, Status } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';

export function TenantsPage() {
  const { t } = useTranslation();
  useTitle(t('tenants.title'));
  const list = useList(['name', 'slug', 'status', 'created_at'], 'name');
  const query = useQuery({ ...get('/api/v1/tenants', { params: { query: list.query } }), placeholderData: keepPreviousData });
  const create = (
    <LinkButton variant="primary" icon={Plus} to={{ pathname: paths.platform.newTenant, search: location.search }}>
      {t('tenants.new')}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t('tenants.title')} actions={create}>
        {t('tenants.text')}
      </PageHeader>
      <List
        list={list}
        query={query}
        label={t('tenants.title')}
        searchLabel={t('tenants.search')}
        rowKey={(tenant) => tenant.id}
        rowLink={(tenant) => paths.tenant(tenant.id).home}
        rowActions={(tenant) => (
          <LinkButton size="sm" variant="ghost" to={paths.platform.tenant(tenant.id)} aria-label={t('tenants.editNamed', { name: tenant.name })}>
            {t('action.edit')}
          </LinkButton>
        )}
        columns={[
          {
            key: 'name',
            header: t('tenants.name'),
            sort: 'name',
            cell: (tenant) => (
              <span className="inline-flex items-center gap-2.5">
                <Swatch colour={tenant.accent} />
                {tenant.name}
                {tenant.builtin && <Badge>{t('tenants.builtin')}</Badge>}
              </span>
            ),
          },
          { key: 'slug', header: t('tenants.slug'), sort: 'slug', from: 'md', cell: (tenant) => <span className="text-mute">{tenant.slug}</span> },
          { key: 'host', header: t('tenants.host'), from: 'lg', cell: (tenant) => <span className="text-mute">{tenant.host ?? '–'}</span> },
          ...(query.data?.items.some((tenant) => tenant.engine)
            ? [{ key: 'engine', header: t('nodes.engine.title'), from: 'lg' as const, cell: (tenant: Tenant) => <span className="text-mute">{tenant.engine ? t(`nodes.engine.of.${tenant.engine}`) : '–'}</span> }]
            : []),
          { key: 'status', header: t('field.status'), sort: 'status', cell: (tenant) => <Status tone={tenant.status === 'active' ? 'good' : 'bad'}>{t(`status.${tenant.status}`)}</Status> },
          { key: 'created', header: t('field.created'), sort: 'created_at', align: 'right', from: 'lg', tableOnly: true, cell: (tenant) => <Time at={tenant.created_at} /> },
        ]}
        empty={
          <EmptyState icon={Building2} title={t('tenants.emptyTitle')} action={create}>
            {t('tenants.emptyText')}
          </EmptyState>
        }
      />
      <Outlet />
    </>
  );
}

/** A brand's colour. Drawn by an SVG attribute: the policy refuses inline styles. */
export const Swatch = ({ colour }: { colour: string }) => (
  <svg aria-hidden viewBox="0 0 16 16" className="size-4 shrink-0">
    <rect width="16" height="16" rx="5" fill={colour} />
  </svg>
);

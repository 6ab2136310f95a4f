import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Building2, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Outlet } from 'react-router';
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

export function CustomersPage() {
  const { t } = useTranslation();
  useTitle(t('customers.title'));
  const { tenant } = usePlace();
  const here = paths.tenant(tenant);
  const list = useList(['name', 'org_number', 'status', 'created_at'], 'name');
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/customers', { params: { path: { tenant }, query: list.query } }), placeholderData: keepPreviousData });
  const create = (
    <LinkButton variant="primary" icon={Plus} to={{ pathname: here.newCustomer, search: location.search }}>
      {t('customers.new')}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t('customers.title')} actions={create}>
        {t('customers.text')}
      </PageHeader>
      <List
        list={list}
        query={query}
        label={t('customers.title')}
        searchLabel={t('customers.search')}
        rowKey={(customer) => customer.id}
        rowLink={(customer) => paths.customer(tenant, customer.id).home}
        rowActions={(customer) => (
          <LinkButton size="sm" variant="ghost" to={here.editCustomer(customer.id)} aria-label={t('customers.editNamed', { name: customer.name })}>
            {t('action.edit')}
          </LinkButton>
        )}
        columns={[
          { key: 'name', header: t('customers.name'), sort: 'name', cell: (customer) => customer.name },
          { key: 'org', header: t('customers.orgNumber'), sort: 'org_number', from: 'md', cell: (customer) => <span className="tabular text-mute">{customer.org_number ?? '–'}</span> },
          { key: 'status', header: t('field.status'), sort: 'status', cell: (customer) => <Status tone={customer.status === 'active' ? 'good' : 'bad'}>{t(`status.${customer.status}`)}</Status> },
          { key: 'created', header: t('field.created'), sort: 'created_at', align: 'right', from: 'lg', tableOnly: true, cell: (customer) => <Time at={customer.created_at} /> },
        ]}
        empty={
          <EmptyState icon={Building2} title={t('customers.emptyTitle')} action={create}>
            {t('customers.emptyText')}
          </EmptyState>
        }
      />
      <Outlet />
    </>
  );
}

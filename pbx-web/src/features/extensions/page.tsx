import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Phone, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Outlet, useLocation } from 'react-router';
import { get } from '@/api/client';
import type { Extension } from '@/api/types';
import { useStanding } from '@/features/session/hooks';
import { List, useList } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Status } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { Select } from '@/ui/field';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { KINDS } from './settings';

export function ExtensionsPage() {
  const { t } = useTranslation();
  useTitle(t('extensions.title'));
  const { tenant, customer, pbx } = usePlace();
  const { may } = useStanding({ tenant, customer });
  const here = paths.customer(tenant, customer).pbx(pbx);
  const { search } = useLocation();
  const list = useList(['number', 'name', 'kind'], 'number', ['kind']);
  const kind = KINDS.find((known) => known === list.filter('kind'));
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions', { params: { path: { tenant, customer, pbx }, query: { ...list.query, ...(kind ? { kind } : {}) } } }),
    placeholderData: keepPreviousData,
  });
  const create = (
    <LinkButton variant="primary" icon={Plus} disabledReason={may('customer_admin') ? undefined : t('forbidden.needsAdmin')} to={{ pathname: here.newExtension, search }}>
      {t('extensions.new')}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t('extensions.title')} actions={create}>
        {t('extensions.text')}
      </PageHeader>
      <List<Extension>
        list={list}
        query={query}
        label={t('extensions.title')}
        searchLabel={t('extensions.search')}
        filters={
          <Select aria-label={t('extensions.kind')} value={kind ?? ''} onChange={(event) => list.set({ kind: event.target.value })} className="sm:w-44">
            <option value="">{t('extensions.allKinds')}</option>
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {t(`kind.${one}`)}
              </option>
            ))}
          </Select>
        }
        rowKey={(extension) => extension.id}
        rowLink={(extension) => `${here.extension(extension.id)}${search}`}
        columns={[
          {
            key: 'number',
            header: t('extensions.number'),
            sort: 'number',
            cell: (extension) => (
              <>
                <span className="tabular">{extension.number}</span>
                <span className="sm:hidden"> {extension.name}</span>
              </>
            ),
          },
          { key: 'name', header: t('field.name'), sort: 'name', tableOnly: true, cell: (extension) => extension.name },
          { key: 'person', header: t('extensions.person'), from: 'md', cell: (extension) => extension.user_name ?? <span className="text-mute">–</span> },
          { key: 'kind', header: t('extensions.kind'), sort: 'kind', from: 'md', cell: (extension) => t(`kind.${extension.kind}`) },
          { key: 'phones', header: t('extensions.phones'), cell: (extension) => (extension.kind === 'user' ? <PhoneState extension={extension} /> : <span className="text-mute">–</span>) },
        ]}
        empty={
          <EmptyState icon={Phone} title={t('extensions.emptyTitle')} action={create}>
            {t('extensions.emptyText')}
          </EmptyState>
        }
      />
      <Outlet />
    </>
  );
}

export function PhoneState({ extension }: { extension: Pick<Extension, 'devices' | 'phones_online' | 'in_call'> }) {
  const { t } = useTranslation();
  if (extension.in_call) return <Status tone="accent">{t('online.inCall')}</Status>;
  if (extension.phones_online > 0) return <Status tone="good">{t('online.count', { count: extension.phones_online })}</Status>;
  if (extension.devices > 0) return <Status tone="idle">{t('online.no')}</Status>;
  return <Status tone="warn">{t('online.none')}</Status>;
}

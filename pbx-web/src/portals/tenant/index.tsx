import { useQuery } from '@tanstack/react-query';
import { Building2, LayoutDashboard, Palette, ScrollText, Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import { useStanding } from '@/features/session/hooks';
import { usePlace } from '@/features/shared/place';
import { paths } from '@/lib/paths';
import { Notice } from '@/ui/states';
import { Needs } from '../shell/guard';
import { Shell } from '../shell/shell';

export { TenantAudit } from '@/features/audit/audit';
export { CustomersPage } from '@/features/customers/list';
export { EditCustomerSheet, NewCustomerSheet } from '@/features/customers/sheets';
export { TeamPage } from '@/features/people/pages';
export { BrandPage } from '@/features/tenants/brand-page';
export { TenantOverview } from '@/features/tenants/overview';

export function TenantLayout() {
  const { t } = useTranslation();
  const { tenant } = usePlace();
  const { may } = useStanding({ tenant });
  const here = paths.tenant(tenant);
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}', { params: { path: { tenant } } }), enabled: may('tenant_admin') });
  return (
    <Shell
      slug={query.data?.slug}
      notice={query.data?.status === 'suspended' && <Notice kind="warn">{t('shell.suspendedTenant')}</Notice>}
      place={{
        kind: t('tenants.name'),
        title: query.data?.name ?? '',
        ...(may('platform_admin') ? { up: { to: paths.platform.tenants, label: t('shell.allTenants') } } : {}),
        groups: may('tenant_admin')
          ? [
              {
                key: 'tenant',
                items: [
                  { to: here.home, label: t('nav.overview'), icon: LayoutDashboard, end: true },
                  { to: here.customers, label: t('nav.customers'), icon: Building2 },
                  { to: here.team, label: t('nav.team'), icon: Users },
                  { to: here.brand, label: t('nav.brand'), icon: Palette },
                  { to: here.audit, label: t('nav.audit'), icon: ScrollText },
                ],
              },
            ]
          : [],
        creations: may('tenant_admin')
          ? [
              { to: here.newCustomer, label: t('customers.new') },
              { to: `${here.team}/new`, label: t('people.invite') },
            ]
          : [],
      }}
    >
      <Needs role="tenant_admin" />
    </Shell>
  );
}

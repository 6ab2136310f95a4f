import { Activity, LayoutDashboard, LayoutGrid, Mail, ScrollText, Server, Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useStanding } from '@/features/session/hooks';
import { paths } from '@/lib/paths';
import { Needs } from '../shell/guard';
import { Shell } from '../shell/shell';

export { PlatformAudit } from '@/features/audit/audit';
export { MailsPage } from '@/features/mails/page';
export { NodesPage } from '@/features/nodes/page';
export { PlatformUsersPage } from '@/features/people/pages';
export { StatusPage } from '@/features/status/page';
export { TenantsPage } from '@/features/tenants/list';
export { PlatformOverview } from '@/features/tenants/overview';
export { EditTenantSheet, NewTenantSheet } from '@/features/tenants/sheets';

export function PlatformLayout() {
  const { t } = useTranslation();
  const { may } = useStanding({});
  const here = paths.platform;
  const allowed = may('platform_admin');
  return (
    <Shell
      slug={undefined}
      place={{
        kind: t('platform'),
        title: 'Voxera',
        groups: allowed ? [
          {
            key: 'platform',
            items: [
              { to: here.home, label: t('nav.overview'), icon: LayoutDashboard, end: true },
              { to: here.tenants, label: t('nav.tenants'), icon: LayoutGrid },
              { to: here.users, label: t('nav.users'), icon: Users },
              { to: here.nodes, label: t('nav.nodes'), icon: Server },
              { to: here.status, label: t('nav.status'), icon: Activity },
              { to: here.mails, label: t('nav.mails'), icon: Mail },
              { to: here.audit, label: t('nav.audit'), icon: ScrollText },
            ],
          },
        ] : [],
        creations: !allowed ? [] : [
          { to: here.newTenant, label: t('tenants.new') },
          { to: `${here.users}/new`, label: t('people.invite') },
        ],
      }}
    >
      <Needs role="platform_admin" />
    </Shell>
  );
}

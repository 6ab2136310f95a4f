import { useQuery } from '@tanstack/react-query';
import { Disc, Hash, LayoutDashboard, Music, Phone, PhoneCall, PhoneForwarded, PhoneIncoming, Route, ScrollText, Server, Settings, Users, UsersRound, Voicemail, Waypoints, Wifi } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Outlet } from 'react-router';
import { get } from '@/api/client';
import { LiveFeed } from '@/features/calls/feed';
import { useAccount, useStanding } from '@/features/session/hooks';
import { usePlace } from '@/features/shared/place';
import { paths } from '@/lib/paths';
import { Notice } from '@/ui/states';
import { Needs } from '../shell/guard';
import type { NavGroup } from '../shell/nav';
import { Shell } from '../shell/shell';

export { AudioPage } from '@/features/audio/page';
export { CustomerAudit } from '@/features/audit/audit';
export { CallsPage } from '@/features/calls/calls';
export { CallbacksPage } from '@/features/callbacks/page';
export { CallSheet } from '@/features/calls/detail';
export { LivePage } from '@/features/calls/live';
export { OnlinePage } from '@/features/calls/online';
export { ExtensionsPage } from '@/features/extensions/page';
export { ExtensionSheet, NewExtensionSheet } from '@/features/extensions/sheets';
export { MessagesPage } from '@/features/messages/messages';
export { NumbersPage } from '@/features/numbers/page';
export { CustomerOverview } from '@/features/overview/customer';
export { PbxsPage } from '@/features/pbxs/pages';
export { PbxSettingsPage } from '@/features/pbxs/settings';
export { PeoplePage } from '@/features/people/pages';
export { QueuesPage } from '@/features/queues/page';
export { RecordingsPage } from '@/features/recordings/page';
export { SimulatePage } from '@/features/simulate/page';
export { TrunksPage } from '@/features/trunks/page';

/** For pages that only an administrator of the company sees. */
export const AdminOnly = () => <Needs role="customer_admin" />;

export function CustomerLayout() {
  const { t } = useTranslation();
  const { tenant, customer, pbx: open } = usePlace();
  const { memberships } = useAccount();
  const { may } = useStanding({ tenant, customer });
  const here = paths.customer(tenant, customer);
  const admin = may('customer_admin');
  const inside = may('manager');
  const mine = memberships.find((membership) => membership.customer === customer);
  const partner = useQuery({ ...get('/api/v1/tenants/{tenant}', { params: { path: { tenant } } }), enabled: may('tenant_admin') });
  const company = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}', { params: { path: { tenant, customer } } }), enabled: inside });
  const pbxs = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs', { params: { path: { tenant, customer }, query: { sort: 'name', limit: 200, offset: 0 } } }), enabled: inside });
  const all = pbxs.data?.items ?? [];
  const chosen = all.find((pbx) => pbx.id === open) ?? all[0];
  const name = company.data?.name ?? mine?.customer_name ?? '';
  const slug = mine?.tenant_slug ?? partner.data?.slug;
  return (
    <Shell
      slug={slug ?? undefined}
      notice={company.data?.status === 'suspended' && <Notice kind="warn">{t('shell.suspendedCustomer')}</Notice>}
      place={{
        kind: t('nav.company'),
        title: name,
        ...(may('tenant_admin') ? { up: { to: paths.tenant(tenant).customers, label: t('shell.allCustomers') } } : {}),
        groups: inside
          ? [
              {
                key: 'company',
                items: [
                  { to: here.home, label: t('nav.overview'), icon: LayoutDashboard, end: true },
                  ...(admin ? [{ to: here.people, label: t('nav.people'), icon: Users }] : []),
                  ...(admin ? [{ to: here.numbers, label: t('nav.numbers'), icon: Hash }] : []),
                  { to: here.pbxs, label: t('nav.pbxs'), icon: Server, end: true },
                  ...(admin ? [{ to: here.audit, label: t('nav.audit'), icon: ScrollText }] : []),
                ],
              },
              ...(chosen ? [pbxGroup()] : []),
            ]
          : [],
        creations: admin
          ? [
              { to: here.invite, label: t('people.invite') },
              { to: here.newPbx, label: t('pbxs.new') },
              ...(chosen ? [{ to: here.pbx(chosen.id).newExtension, label: t('extensions.new') }] : []),
              { to: `${here.numbers}/new`, label: t('numbers.new') },
            ]
          : [],
      }}
    >
      <Needs role="manager">
        <LiveFeed key={customer} tenant={tenant} customer={customer}>
          <Outlet />
        </LiveFeed>
      </Needs>
    </Shell>
  );

  function pbxGroup(): NavGroup {
    const id = chosen?.id ?? '';
    const pbx = here.pbx(id);
    return {
      key: 'pbx',
      label: chosen?.name ?? '',
      switch: { label: t('shell.switchPbx'), value: id, options: all.map((row) => ({ value: row.id, label: row.name, to: here.pbx(row.id).extensions })) },
      items: [
        { to: pbx.extensions, label: t('nav.extensions'), icon: Phone },
        { to: pbx.online, label: t('nav.online'), icon: Wifi },
        { to: pbx.live, label: t('nav.live'), icon: PhoneCall },
        { to: pbx.queues, label: t('queues.title'), icon: UsersRound },
        { to: pbx.calls, label: t('nav.calls'), icon: PhoneIncoming },
        ...(admin ? [{ to: pbx.messages, label: t('messages.title'), icon: Voicemail }] : []),
        { to: pbx.recordings, label: t('recordings.title'), icon: Disc },
        { to: pbx.callbacks, label: t('callbacks.title'), icon: PhoneForwarded },
        { to: pbx.whatIf, label: t('simulate.title'), icon: Route },
        { to: pbx.audio, label: t('audio.title'), icon: Music },
        ...(admin ? [{ to: pbx.trunks, label: t('trunks.title'), icon: Waypoints }] : []),
        ...(admin ? [{ to: pbx.settings, label: t('nav.settings'), icon: Settings }] : []),
      ],
    };
  }
}

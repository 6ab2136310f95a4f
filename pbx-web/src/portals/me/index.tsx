import { House, KeySquare, MicVocal, PhoneForwarded, PhoneIncoming, ShieldCheck, Smartphone, UserRound, Voicemail } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useAccount } from '@/features/session/hooks';
import { paths } from '@/lib/paths';
import { Shell } from '../shell/shell';
import { usePlaces } from '../shell/places';

export { MyMessagesPage } from '@/features/messages/messages';
export { MyCallsPage } from '@/features/me/calls';
export { ForwardingPage } from '@/features/me/forwarding';
export { GreetingPage } from '@/features/me/greeting';
export { MyHomePage } from '@/features/me/home';
export { MyPhonesPage } from '@/features/me/phones';
export { ProfilePage } from '@/features/me/profile';
export { RightsPage } from '@/features/me/rights';
export { SecurityPage } from '@/features/me/security';

export function MeLayout() {
  const { t } = useTranslation();
  const { account, memberships } = useAccount();
  const [place] = usePlaces();
  const branded = memberships.find((membership) => membership.tenant_slug);
  return (
    <Shell
      slug={branded?.tenant_slug ?? undefined}
      place={{
        kind: t('nav.me'),
        title: account?.name ?? account?.email ?? '',
        ...(place ? { up: { to: place.to, label: place.label } } : {}),
        groups: [
          {
            key: 'calls',
            items: [
              { to: paths.me.home, label: t('nav.myHome'), icon: House, end: true },
              { to: paths.me.calls, label: t('nav.myCalls'), icon: PhoneIncoming },
              { to: paths.me.messages, label: t('messages.mine'), icon: Voicemail },
            ],
          },
          {
            key: 'phone',
            label: t('nav.myPhone'),
            items: [
              { to: paths.me.phones, label: t('nav.myPhones'), icon: Smartphone },
              { to: paths.me.forwarding, label: t('nav.forwarding'), icon: PhoneForwarded },
              { to: paths.me.greeting, label: t('nav.greeting'), icon: MicVocal },
            ],
          },
          {
            key: 'account',
            label: t('nav.myAccount'),
            items: [
              { to: paths.me.profile, label: t('nav.profile'), icon: UserRound },
              { to: paths.me.security, label: t('nav.security'), icon: ShieldCheck },
              { to: paths.me.rights, label: t('nav.rights'), icon: KeySquare },
            ],
          },
        ],
        creations: [],
      }}
    />
  );
}

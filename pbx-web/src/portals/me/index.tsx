import { PhoneIncoming, ShieldCheck, Smartphone, UserRound, Voicemail } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useAccount } from '@/features/session/hooks';
import { paths } from '@/lib/paths';
import { Shell } from '../shell/shell';
import { usePlaces } from '../shell/places';

export { MyMessagesPage } from '@/features/messages/messages';
export { MyCallsPage, MyPhonesPage, ProfilePage } from '@/features/me/pages';
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
            key: 'me',
            items: [
              { to: paths.me.home, label: t('nav.myPhones'), icon: Smartphone, end: true },
              { to: paths.me.calls, label: t('nav.myCalls'), icon: PhoneIncoming },
              { to: paths.me.messages, label: t('messages.mine'), icon: Voicemail },
              { to: paths.me.profile, label: t('nav.profile'), icon: UserRound },
              { to: paths.me.security, label: t('nav.security'), icon: ShieldCheck },
            ],
          },
        ],
        creations: [],
      }}
    />
  );
}

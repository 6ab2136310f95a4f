import { Check, Lock } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Membership, Role } from '@/api/types';
import { useAccount } from '@/features/session/hooks';
import { atLeast, giverOf } from '@/lib/permission';
import { useTitle } from '@/lib/hooks';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Card, PageHeader } from '@/ui/page';
import { MyExtensions, useMyExtensions, type OwnExtension } from './extensions';

/** What a role opens, in the order of what it takes. */
const ABILITIES = [
  { key: 'own', role: 'user' },
  { key: 'devices', role: 'user' },
  { key: 'allCalls', role: 'manager' },
  { key: 'live', role: 'manager' },
  { key: 'queues', role: 'manager' },
  { key: 'people', role: 'customer_admin' },
  { key: 'numbers', role: 'customer_admin' },
  { key: 'settings', role: 'customer_admin' },
  { key: 'customers', role: 'tenant_admin' },
  { key: 'brand', role: 'tenant_admin' },
  { key: 'platform', role: 'platform_admin' },
] as const satisfies { key: string; role: Role }[];
type Ability = (typeof ABILITIES)[number];

/** What an extension has when an administrator gives it. */
const FEATURES = ['mailbox', 'waiting', 'listen'] as const;
type Feature = (typeof FEATURES)[number];
const has: Record<Feature, (item: OwnExtension) => boolean> = {
  mailbox: ({ extension }) => Boolean(extension.settings.mailbox),
  waiting: ({ extension }) => extension.settings.call_waiting,
  listen: ({ extension }) => extension.settings.may_listen,
};

/** What one may do, place by place, and whom to ask for the rest. */
export function RightsPage() {
  const { t } = useTranslation();
  useTitle(t('me.rights.title'));
  const { memberships } = useAccount();
  const query = useMyExtensions();
  return (
    <>
      <PageHeader title={t('me.rights.title')}>{t('me.rights.text')}</PageHeader>
      <div className="flex max-w-3xl flex-col gap-6">
        {memberships.map((membership) => (
          <RoleCard key={membership.user} membership={membership} />
        ))}
        <MyExtensions query={query}>
          {(items) => (
            <>
              {items.map((item) => (
                <Card key={item.extension.id} title={`${item.extension.number} ${item.extension.name}`} description={t('me.rights.extensionText')} flush>
                  <ul className="divide-y divide-line border-t border-line">
                    {FEATURES.map((feature) => (
                      <Row key={feature} may={has[feature](item)} title={t(`me.feature.${feature}`)} text={has[feature](item) ? t(`me.featureText.${feature}`) : t('me.rights.askFeature', { company: item.customer_name })} />
                    ))}
                  </ul>
                </Card>
              ))}
            </>
          )}
        </MyExtensions>
      </div>
    </>
  );
}

function RoleCard({ membership }: { membership: Membership }) {
  const { t } = useTranslation();
  const { role } = membership;
  const place = membership.customer_name ?? membership.tenant_name ?? t('platform');
  // What lies above the place one belongs to is nobody's to ask for here.
  const shown = ABILITIES.filter((ability) => ability.role !== 'platform_admin' || role === 'platform_admin').filter((ability) => ability.role !== 'tenant_admin' || !membership.customer);
  return (
    <Card title={place} description={t(`roleHint.${role}`)} actions={<Badge tone="accent">{t(`role.${role}`)}</Badge>} flush>
      <ul className="divide-y divide-line border-t border-line">
        {shown.map((ability) => (
          <Row key={ability.key} may={atLeast(role, ability.role)} title={t(`me.ability.${ability.key}`)} text={atLeast(role, ability.role) ? t('me.rights.may') : t('me.rights.needs', { role: t(`role.${ability.role}`).toLowerCase(), who: t(`role.${giverOf(ability.role)}`).toLowerCase() })} />
        ))}
      </ul>
    </Card>
  );
}

function Row({ may, title, text }: { may: boolean; title: string; text: string }) {
  const { t } = useTranslation();
  return (
    <li className="flex items-start gap-3.5 px-5 py-3">
      <span className={may ? 'mt-0.5 flex size-5 shrink-0 items-center justify-center rounded-full bg-good-soft text-good' : 'mt-0.5 flex size-5 shrink-0 items-center justify-center rounded-full bg-sunken text-mute'}>
        {may ? <Check role="img" aria-label={t('yes')} className="size-3.5" /> : <Lock role="img" aria-label={t('no')} className="size-3" />}
      </span>
      <div className="min-w-0">
        <p className="text-sm font-medium">{title}</p>
        <p className="text-xs text-mute">{text}</p>
      </div>
    </li>
  );
}

interface Missing {
  key: string;
  title: string;
  why: string;
}

/** What the person lacks, each with who can give it; nothing where nothing is lacking. */
export function MissingCard({ extensions }: { extensions: OwnExtension[] }) {
  const { t } = useTranslation();
  const { memberships } = useAccount();
  const [open, setOpen] = useState<Missing | null>(null);
  const closed = (ability: Ability): boolean => !memberships.some((membership) => atLeast(membership.role, ability.role));
  const missing: Missing[] = [
    ...FEATURES.filter((feature) => feature !== 'waiting' && extensions.length > 0 && !extensions.some(has[feature])).map((feature) => ({ key: feature, title: t(`me.feature.${feature}`), why: t('me.rights.askFeature', { company: extensions[0]?.customer_name ?? '' }) })),
    ...ABILITIES.filter((ability) => (ability.role === 'manager' || ability.key === 'people') && closed(ability)).map((ability) => ({
      key: ability.key,
      title: t(`me.ability.${ability.key}`),
      why: t('me.rights.needs', { role: t(`role.${ability.role}`).toLowerCase(), who: t(`role.${giverOf(ability.role)}`).toLowerCase() }),
    })),
  ];
  if (missing.length === 0) return null;
  return (
    <Card title={t('me.rights.missing')} description={t('me.rights.missingText')} flush>
      <ul className="divide-y divide-line border-t border-line">
        {missing.map((one) => (
          <li key={one.key}>
            <button type="button" onClick={() => setOpen(one)} className="flex w-full items-center gap-3 px-5 py-2.5 text-left text-sm text-mute transition-colors hover:bg-hover hover:text-text">
              <Lock aria-hidden className="size-4 shrink-0" />
              <span className="min-w-0 flex-1">{one.title}</span>
              <span className="text-xs">{t('me.rights.why')}</span>
            </button>
          </li>
        ))}
      </ul>
      {open && (
        <Dialog title={open.title} onClose={() => setOpen(null)} footer={<Button onClick={() => setOpen(null)}>{t('action.close')}</Button>}>
          <p className="text-sm text-soft">{open.why}</p>
        </Dialog>
      )}
    </Card>
  );
}

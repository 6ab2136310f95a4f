import { Building2, LayoutGrid, Server, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Membership } from '@/api/types';
import { useAccount } from '@/features/session/hooks';
import { paths } from '@/lib/paths';

export interface PlaceLink {
  to: string;
  label: string;
  hint: string;
  icon: LucideIcon;
}

/** Where a membership leads; a plain user has only the pages about themselves. */
export function homeOf({ role, tenant, customer }: Membership): string {
  if (role === 'platform_admin') return paths.platform.home;
  if (role === 'tenant_admin' && tenant) return paths.tenant(tenant).home;
  if (role !== 'user' && tenant && customer) return paths.customer(tenant, customer).home;
  return paths.me.home;
}

/** The portals of the one who is signed in, without the pages about themselves. */
export function usePlaces(): PlaceLink[] {
  const { t } = useTranslation();
  const { memberships } = useAccount();
  return memberships
    .map((membership) => ({
      to: homeOf(membership),
      label: membership.customer_name ?? membership.tenant_name ?? t('platform'),
      hint: t(`role.${membership.role}`),
      icon: membership.role === 'platform_admin' ? Server : membership.role === 'tenant_admin' ? LayoutGrid : Building2,
    }))
    .filter((place) => place.to !== paths.me.home);
}

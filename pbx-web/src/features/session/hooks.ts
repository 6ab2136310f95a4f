import { useSyncExternalStore } from 'react';
import { session, subscribeSession } from '@/api/session';
import type { Account, Membership } from '@/api/types';
import { atLeast, roleAt, type Place, type Role } from '@/lib/permission';

export const useSession = () => useSyncExternalStore(subscribeSession, session);

const NOBODY: Membership[] = [];

/** The one who is signed in; pages below the session's guard always have one. */
export function useAccount(): { account: Account | null; memberships: Membership[] } {
  const current = useSession();
  return current.state === 'in' ? { account: current.account, memberships: current.memberships } : { account: null, memberships: NOBODY };
}

/** What the signed-in account may do at a place. */
export function useStanding(place: Place): { role: Role | null; may: (needed: Role) => boolean } {
  const { memberships } = useAccount();
  const role = roleAt(memberships, place);
  return { role, may: (needed) => atLeast(role, needed) };
}

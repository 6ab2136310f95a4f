/** What a membership allows. The server decides; this only keeps the portal from offering what it would refuse. */
export type Role = 'platform_admin' | 'tenant_admin' | 'customer_admin' | 'manager' | 'user';
export interface Standing {
  role: Role;
  tenant?: string | null;
  customer?: string | null;
}
export interface Place {
  tenant?: string | undefined;
  customer?: string | undefined;
}

const RANK: Record<Role, number> = { user: 0, manager: 1, customer_admin: 2, tenant_admin: 3, platform_admin: 4 };

/** The strongest role at a place, counting roles held above it. */
export function roleAt(standings: readonly Standing[], place: Place): Role | null {
  let best: Role | null = null;
  for (const standing of standings) {
    const covers =
      standing.role === 'platform_admin' ||
      (standing.role === 'tenant_admin' && place.tenant !== undefined && standing.tenant === place.tenant) ||
      (place.customer !== undefined && standing.customer === place.customer && standing.tenant === place.tenant);
    if (covers && (best === null || RANK[standing.role] > RANK[best])) best = standing.role;
  }
  return best;
}

export const atLeast = (held: Role | null, needed: Role): boolean => held !== null && RANK[held] >= RANK[needed];

/** Who can give a role. */
export const giverOf = (role: Role): Role =>
  role === 'platform_admin' || role === 'tenant_admin' ? 'platform_admin' : role === 'customer_admin' ? 'tenant_admin' : 'customer_admin';

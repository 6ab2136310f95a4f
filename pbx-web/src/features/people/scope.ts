import { useQuery, keepPreviousData, type UseQueryResult } from '@tanstack/react-query';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Listed, Role, Status, User } from '@/api/types';
import type { ListState } from '@/features/shared/list';
import { stale } from '@/features/shared/stale';
import { paths } from '@/lib/paths';

/** Whose people: this installation's, a partner's staff, or a company's. */
export type Scope = { kind: 'platform' } | { kind: 'tenant'; tenant: string } | { kind: 'customer'; tenant: string; customer: string };

/** What the server sorts people by. */
export const SORTS = ['name', 'email', 'role', 'created_at'] as const;
type Key = (typeof SORTS)[number];
type Sort = Key | `-${Key}`;

/** The roles that are given at a level, the most usual first. */
export const rolesOf = (scope: Scope): Role[] => (scope.kind === 'platform' ? ['platform_admin'] : scope.kind === 'tenant' ? ['tenant_admin'] : ['user', 'manager', 'customer_admin']);

export const listPath = (scope: Scope): string => (scope.kind === 'platform' ? paths.platform.users : scope.kind === 'tenant' ? paths.tenant(scope.tenant).team : paths.customer(scope.tenant, scope.customer).people);

export const staleOf = (scope: Scope) => (scope.kind === 'platform' ? stale.platformUsers : scope.kind === 'customer' ? stale.pbx.concat(stale.people) : stale.people);

export function useUsers(scope: Scope, query: ListState<Sort>['query']): UseQueryResult<Listed<User>> {
  const off = { enabled: false };
  const platform = useQuery({ ...get('/api/v1/platform/users', { params: { query } }), placeholderData: keepPreviousData, ...(scope.kind === 'platform' ? {} : off) });
  const t = scope.kind === 'platform' ? '' : scope.tenant;
  const c = scope.kind === 'customer' ? scope.customer : '';
  const tenant = useQuery({ ...get('/api/v1/tenants/{tenant}/users', { params: { path: { tenant: t }, query } }), placeholderData: keepPreviousData, ...(scope.kind === 'tenant' ? {} : off) });
  const customer = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/users', { params: { path: { tenant: t, customer: c }, query } }),
    placeholderData: keepPreviousData,
    ...(scope.kind === 'customer' ? {} : off),
  });
  return scope.kind === 'platform' ? platform : scope.kind === 'tenant' ? tenant : customer;
}

/** A person that an address names but the page of the list at hand does not hold. */
export function useUser(scope: Scope, user: string, enabled: boolean): UseQueryResult<User> {
  const t = scope.kind === 'platform' ? '' : scope.tenant;
  const c = scope.kind === 'customer' ? scope.customer : '';
  const staff = useQuery({ ...get('/api/v1/tenants/{tenant}/users/{user}', { params: { path: { tenant: t, user } } }), enabled: enabled && scope.kind === 'tenant' });
  const member = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/users/{user}', { params: { path: { tenant: t, customer: c, user } } }), enabled: enabled && scope.kind === 'customer' });
  return scope.kind === 'customer' ? member : staff;
}

export function invite(scope: Scope, body: { email: string; name: string; role: Role }): Promise<User> {
  const staff = { email: body.email, name: body.name };
  const header = { 'Idempotency-Key': idempotencyKey(`user ${listPath(scope)}`, body) };
  switch (scope.kind) {
    case 'platform':
      return unwrap(api.POST('/api/v1/platform/users', { params: { header }, body: staff }));
    case 'tenant':
      return unwrap(api.POST('/api/v1/tenants/{tenant}/users', { params: { path: { tenant: scope.tenant }, header }, body: staff }));
    case 'customer':
      return unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/users', { params: { path: { tenant: scope.tenant, customer: scope.customer }, header }, body }));
  }
}

export function change(scope: Scope, user: string, body: { name?: string; role?: Role; status?: Status }): Promise<User> {
  switch (scope.kind) {
    case 'platform':
      return Promise.reject(new Error('the platform has no such call'));
    case 'tenant':
      return unwrap(api.PATCH('/api/v1/tenants/{tenant}/users/{user}', { params: { path: { tenant: scope.tenant, user } }, body: { ...(body.name === undefined ? {} : { name: body.name }), ...(body.status === undefined ? {} : { status: body.status }) } }));
    case 'customer':
      return unwrap(api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/users/{user}', { params: { path: { tenant: scope.tenant, customer: scope.customer, user } }, body }));
  }
}

export function remove(scope: Scope, user: string): Promise<unknown> {
  switch (scope.kind) {
    case 'platform':
      return unwrap(api.DELETE('/api/v1/platform/users/{user}', { params: { path: { user } } }));
    case 'tenant':
      return unwrap(api.DELETE('/api/v1/tenants/{tenant}/users/{user}', { params: { path: { tenant: scope.tenant, user } } }));
    case 'customer':
      return unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/users/{user}', { params: { path: { tenant: scope.tenant, customer: scope.customer, user } } }));
  }
}

export function resend(scope: Scope, user: string): Promise<unknown> {
  switch (scope.kind) {
    case 'platform':
      return Promise.reject(new Error('the platform has no such call'));
    case 'tenant':
      return unwrap(api.POST('/api/v1/tenants/{tenant}/users/{user}/resend-invitation', { params: { path: { tenant: scope.tenant, user } } }));
    case 'customer':
      return unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/users/{user}/resend-invitation', { params: { path: { tenant: scope.tenant, customer: scope.customer, user } } }));
  }
}

export type UserState = 'active' | 'invited' | 'suspended';

/** Suspended says more than invited: the link in the mail no longer helps. */
export const stateOf = (user: User): UserState => (user.status === 'suspended' ? 'suspended' : user.invited ? 'invited' : 'active');

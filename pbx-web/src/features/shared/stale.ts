import { below } from '@/api/client';

/** What a change of each noun makes stale. */
export const stale = {
  tenants: [below('/api/v1/tenants'), below('/api/v1/platform/overview'), below('/api/v1/brand')],
  platformUsers: [below('/api/v1/platform/users'), below('/api/v1/platform/overview')],
  nodes: [below('/api/v1/platform/nodes')],
  customers: [below('/api/v1/tenants')],
  people: [below('/api/v1/tenants/{tenant}/users'), below('/api/v1/tenants/{tenant}/customers/{customer}/users'), below('/api/v1/tenants/{tenant}/overview', '/api/v1/tenants/{tenant}/customers/{customer}/overview')],
  pbx: [below('/api/v1/tenants/{tenant}/customers/{customer}')],
  me: [below('/api/v1/me')],
};

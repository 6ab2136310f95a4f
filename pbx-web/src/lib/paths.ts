/** Every address of the portal. A page never writes one by hand. */
export const paths = {
  home: '/',
  signIn: (query: { next?: string; reason?: string; slug?: string } = {}) => `/sign-in${search(query)}`,
  register: '/register',
  forgot: '/forgot-password',
  verify: '/verify-email',
  choose: '/choose',
  platform: {
    home: '/platform',
    tenants: '/platform/tenants',
    newTenant: '/platform/tenants/new',
    tenant: (id: string) => `/platform/tenants/${id}`,
    users: '/platform/users',
    audit: '/platform/audit',
    mails: '/platform/mails',
    mail: (id: string) => `/platform/mails/${id}`,
    nodes: '/platform/nodes',
    status: '/platform/status',
  },
  tenant: (t: string) => {
    const base = `/tenants/${t}`;
    return {
      home: base,
      customers: `${base}/customers`,
      newCustomer: `${base}/customers/new`,
      editCustomer: (id: string) => `${base}/customers/edit/${id}`,
      team: `${base}/team`,
      brand: `${base}/brand`,
      audit: `${base}/audit`,
    };
  },
  customer: (t: string, c: string) => {
    const base = `/tenants/${t}/customers/${c}`;
    return {
      home: base,
      people: `${base}/people`,
      invite: `${base}/people/new`,
      person: (id: string) => `${base}/people/${id}`,
      pbxs: `${base}/pbxs`,
      newPbx: `${base}/pbxs/new`,
      numbers: `${base}/numbers`,
      audit: `${base}/audit`,
      pbx: (p: string) => {
        const pbx = `${base}/pbxs/${p}`;
        return {
          settings: `${pbx}/settings`,
          extensions: `${pbx}/extensions`,
          newExtension: `${pbx}/extensions/new`,
          extension: (id: string) => `${pbx}/extensions/${id}`,
          online: `${pbx}/online`,
          live: `${pbx}/live`,
          calls: `${pbx}/calls`,
          call: (id: string) => `${pbx}/calls/${id}`,
          whatIf: `${pbx}/what-if`,
          queues: `${pbx}/queues`,
          messages: `${pbx}/voicemail`,
          recordings: `${pbx}/recordings`,
          callbacks: `${pbx}/callbacks`,
          audio: `${pbx}/sounds`,
          trunks: `${pbx}/lines`,
        };
      },
    };
  },
  me: { home: '/me', calls: '/me/calls', messages: '/me/voicemail', greeting: '/me/greeting', phones: '/me/phones', forwarding: '/me/forwarding', profile: '/me/profile', security: '/me/security', rights: '/me/rights' },
};

function search(query: Record<string, string | undefined>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) params.set(key, value);
  const text = params.toString();
  return text ? `?${text}` : '';
}

/** Only an address inside the portal is followed after signing in. */
export const safeNext = (next: string | null): string | null => (next && /^\/(?![/\\])/.test(next) ? next : null);

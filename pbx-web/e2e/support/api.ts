import { randomBytes } from 'node:crypto';
import { expect } from '@playwright/test';
import { inject } from 'vitest';

/** Data that no other test knows. */
export const unique = (): string => randomBytes(4).toString('hex');
export const PASSWORD = 'en lång mening att minnas';

export const PLATFORM = 'platform@voxera.example';
export const PARTNER = 'partner@nordtel.example';
export const ADMIN = 'anna@akesbageri.example';
export const MANAGER = 'bertil@akesbageri.example';
export const USER = 'cecilia@akesbageri.example';

export interface Membership {
  role: string;
  tenant?: string | null;
  customer?: string | null;
}
export interface Listed<T> {
  items: T[];
  total: number;
}
export interface Named {
  id: string;
  name: string;
}

/** Somebody signed in to the API. */
export class Api {
  private constructor(
    private token: string,
    readonly memberships: Membership[],
    private readonly again: () => Promise<Api>,
  ) {}

  static async as(email: string, password = inject('product').password): Promise<Api> {
    const answer = await send('POST', '/api/v1/auth/login', { email, password });
    if (!answer.ok) throw new Error(`${email} is not let in: ${answer.status} ${await answer.text()}`);
    const body = (await answer.json()) as { access_token: string; memberships: Membership[] };
    return new Api(body.access_token, body.memberships, () => Api.as(email, password));
  }

  async ask(method: string, path: string, body?: unknown): Promise<Response> {
    const answer = await send(method, path, body, this.token);
    if (answer.status !== 401) return answer;
    // A file of walks may last longer than a token.
    this.token = (await this.again()).token;
    return send(method, path, body, this.token);
  }

  async get<T>(path: string): Promise<T> {
    return this.done<T>('GET', path);
  }

  async post<T>(path: string, body?: unknown): Promise<T> {
    return this.done<T>('POST', path, body);
  }

  /** Sends a file. */
  async upload<T = Named>(path: string, type: string, bytes: Buffer): Promise<T> {
    const answer = await fetch(inject('product').url + path, { method: 'POST', headers: { authorization: `Bearer ${this.token}`, 'content-type': type }, body: new Uint8Array(bytes) });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Puts a file in place. */
  async put(path: string, type: string, bytes: Buffer): Promise<void> {
    const answer = await fetch(inject('product').url + path, { method: 'PUT', headers: { authorization: `Bearer ${this.token}`, 'content-type': type }, body: new Uint8Array(bytes) });
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
  }

  private async done<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.ask(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

function send(method: string, path: string, body?: unknown, token?: string): Promise<Response> {
  const headers: Record<string, string> = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  return fetch(inject('product').url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

let platform: Promise<Api> | undefined;
/** The platform's administrator, for a whole file. */
export const asPlatform = (): Promise<Api> => (platform ??= Api.as(PLATFORM));

/** The link in the newest mail to an address whose text holds `holding`. */
export async function linkFor(email: string, holding: string): Promise<string> {
  const api = await asPlatform();
  let link = '';
  await expect
    .poll(
      async () => {
        const { items } = await api.get<Listed<{ id: string; to: string }>>(`/api/v1/platform/mails?search=${encodeURIComponent(email)}&sort=-created_at&limit=10&offset=0`);
        for (const mail of items.filter((found) => found.to === email)) {
          const { text } = await api.get<{ text: string }>(`/api/v1/platform/mails/${mail.id}`);
          link = /https?:\/\/\S+/g.exec(text.split('\n').find((line) => line.includes(holding)) ?? '')?.[0] ?? '';
          if (link) return link;
        }
        return '';
      },
      { message: `a mail to ${email} with ${holding}`, timeout: 15_000 },
    )
    .not.toBe('');
  return link;
}

/** Accepts an invitation that lies in the mail, without a browser. */
export async function accept(email: string, name: string): Promise<void> {
  const link = await linkFor(email, '/invitation/');
  const token = link.split('/invitation/')[1] ?? '';
  const answer = await send('POST', `/api/v1/auth/invitations/${token}`, { name, password: PASSWORD });
  if (!answer.ok) throw new Error(`the invitation of ${email}: ${answer.status} ${await answer.text()}`);
}

/** A company of a partner, made for one test. */
export interface Company {
  tenant: string;
  id: string;
  name: string;
  base: string;
  /** Its administrator, with `PASSWORD`. */
  admin: string;
}

/** The demo's partner. */
export async function nordtel(): Promise<{ id: string; api: Api }> {
  const api = await asPlatform();
  const { items } = await api.get<Listed<Named & { slug: string }>>('/api/v1/tenants?search=nordtel&sort=name&limit=50&offset=0');
  const found = items.find((tenant) => tenant.slug === 'nordtel');
  if (!found) throw new Error('the demo has no Nordtel');
  return { id: found.id, api };
}

export async function makeCompany(name = `Bolaget ${unique()}`): Promise<Company> {
  const { id: tenant, api } = await nordtel();
  const customer = await api.post<Named>(`/api/v1/tenants/${tenant}/customers`, { name, locale: 'sv', time_zone: 'Europe/Stockholm' });
  const base = `/api/v1/tenants/${tenant}/customers/${customer.id}`;
  const admin = await makePerson({ base }, 'customer_admin', 'Astrid Admin');
  return { tenant, id: customer.id, name, base, admin };
}

/** Invites somebody and accepts for them; gives their address. */
export async function makePerson({ base }: { base: string }, role: 'customer_admin' | 'manager' | 'user', name: string): Promise<string> {
  const api = await asPlatform();
  const email = `${name.toLowerCase().replace(/[^a-z]+/g, '.')}.${unique()}@prov.example`;
  await api.post(`${base}/users`, { email, name, role });
  await accept(email, name);
  return email;
}

export interface MadePbx {
  id: string;
  base: string;
  realm: string;
  extensions: (Named & { number: string })[];
}

export async function makePbx(company: Company, extensions: [number: string, name: string][] = []): Promise<MadePbx> {
  const api = await asPlatform();
  const realm = `prov-${unique()}.pbx.localhost`;
  const pbx = await api.post<Named>(`${company.base}/pbxs`, { name: 'Kontoret', realm, time_zone: 'Europe/Stockholm' });
  const base = `${company.base}/pbxs/${pbx.id}`;
  const made: MadePbx = { id: pbx.id, base, realm, extensions: [] };
  for (const [number, name] of extensions) made.extensions.push(await api.post(`${base}/extensions`, { number, name }));
  return made;
}

export interface Credentials {
  username: string;
  password: string;
  realm: string;
}

export async function makePhone(pbx: MadePbx, number: string): Promise<Credentials> {
  const api = await asPlatform();
  const extension = pbx.extensions.find((found) => found.number === number);
  if (!extension) throw new Error(`no extension ${number}`);
  return api.post<Credentials>(`${pbx.base}/extensions/${extension.id}/devices`, { name: `Telefon ${number}` });
}

import { ADMIN, Api, type Listed, type Named } from './api';

/** What the demo's company is told about its calls right now: why each goes where it goes, a reason a line. */
export async function receptionSays(): Promise<() => Promise<string>> {
  const api = await Api.as(ADMIN);
  const { tenant, customer } = api.memberships[0] ?? {};
  const base = `/api/v1/tenants/${tenant ?? ''}/customers/${customer ?? ''}`;
  const pbx = (await api.get<Listed<Named>>(`${base}/pbxs?sort=name&limit=1&offset=0`)).items[0]?.id ?? '';
  return async () => (await api.get<{ items: { trace: { text: string }[] }[] }>(`${base}/pbxs/${pbx}/live`)).items.flatMap(({ trace }) => trace.map(({ text }) => text)).join('\n');
}

import { asPlatform, makeCompany, makePbx, makePerson, type Company, type Listed, type MadePbx, type Named } from './api';

/** Somebody with an extension, and a colleague, in a company made for one test. */
export interface Person {
  company: Company;
  pbx: MadePbx;
  email: string;
  /** 1001. */
  extension: string;
  /** 1002 "Bo Kollega". */
  colleague: string;
}

export async function makeReachable({ mailbox = true }: { mailbox?: boolean } = {}): Promise<Person> {
  const company = await makeCompany();
  const pbx = await makePbx(company);
  const email = await makePerson(company, 'user', 'Stina Svarar');
  const api = await asPlatform();
  const { items } = await api.get<Listed<Named & { email: string }>>(`${company.base}/users?search=${encodeURIComponent(email)}&sort=name&limit=1&offset=0`);
  const extension = await api.post<Named>(`${pbx.base}/extensions`, { number: '1001', name: 'Stina Svarar', user: items[0]?.id, settings: { kind: 'user', mailbox: mailbox ? {} : null } });
  const colleague = await api.post<Named>(`${pbx.base}/extensions`, { number: '1002', name: 'Bo Kollega' });
  return { company, pbx, email, extension: extension.id, colleague: colleague.id };
}

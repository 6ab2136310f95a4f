import { useQuery } from '@tanstack/react-query';
import { Building2, LayoutGrid, Moon, Phone, Plus, Sun, UserRound } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { get } from '@/api/client';
import { useStanding } from '@/features/session/hooks';
import { paths } from '@/lib/paths';
import { setTheme, useShownTheme } from '@/lib/theme';
import { CommandPalette, type Command } from '@/ui/palette';
import type { Place } from './nav';
import { usePlaces } from './places';

/** Milliseconds of rest before the server is asked. */
const REST = 150;

/** Ctrl-K: the pages of this place, what can be created, other places, and what the server finds. */
export function Jump({ place, onClose }: { place: Place; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const places = usePlaces();
  const shown = useShownTheme();
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), REST);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useFound(search);
  const go = (to: string) => () => void navigate(to);
  const commands: Command[] = [
    ...place.groups.flatMap((group) => group.items.map((item) => ({ id: `go ${item.to}`, label: item.label, group: group.label ?? t('palette.go'), icon: item.icon, run: go(item.to) }))),
    ...place.creations.map((creation) => ({ id: `new ${creation.to}`, label: creation.label, group: t('palette.create'), icon: Plus, run: go(creation.to) })),
    ...places.map((other) => ({ id: `place ${other.to}`, label: other.label, group: t('palette.go'), icon: other.icon, run: go(other.to) })),
    { id: 'me', label: t('nav.me'), group: t('palette.go'), icon: UserRound, run: go(paths.me.home) },
    shown === 'dark'
      ? { id: 'light', label: t('theme.light'), group: t('palette.appearance'), icon: Sun, run: () => setTheme('light') }
      : { id: 'dark', label: t('theme.dark'), group: t('palette.appearance'), icon: Moon, run: () => setTheme('dark') },
    ...found,
  ];
  const seen = new Set<string>();
  const unique = commands.filter((command) => !seen.has(command.id) && seen.add(command.id));
  return <CommandPalette commands={unique} onClose={onClose} onSearch={setTyped} />;
}

const page = <Sort extends string>(search: string, sort: Sort) => ({ search, sort, limit: 8, offset: 0 });

/** What the server finds for what was typed, at the place in the address. */
function useFound(search: string): Command[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { tenant = '', customer = '', pbx = '' } = useParams();
  const { may } = useStanding({ tenant, customer });
  const asked = search.length > 0;
  const atCustomer = asked && tenant !== '' && customer !== '';
  const people = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/users', { params: { path: { tenant, customer }, query: page(search, 'name') } }),
    enabled: atCustomer && may('customer_admin'),
  });
  const pbxs = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs', { params: { path: { tenant, customer }, query: { sort: 'name', limit: 200, offset: 0 } } }),
    enabled: atCustomer && may('manager'),
  });
  const where = pbx || pbxs.data?.items[0]?.id || '';
  const extensions = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions', { params: { path: { tenant, customer, pbx: where }, query: page(search, 'number') } }),
    enabled: atCustomer && where !== '' && may('manager'),
  });
  const customers = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers', { params: { path: { tenant }, query: page(search, 'name') } }),
    enabled: asked && tenant !== '' && may('tenant_admin'),
  });
  const tenants = useQuery({ ...get('/api/v1/tenants', { params: { query: page(search, 'name') } }), enabled: asked && may('platform_admin') });
  if (!asked) return [];
  const to = (path: string) => () => void navigate(path);
  return [
    ...(extensions.data?.items ?? []).map((row) => ({ id: row.id, label: `${row.number} ${row.name}`, group: t('palette.extensions'), icon: Phone, run: to(paths.customer(tenant, customer).pbx(where).extension(row.id)) })),
    ...(people.data?.items ?? []).map((row) => ({ id: row.id, label: `${row.name} ${row.email}`, group: t('palette.people'), icon: UserRound, run: to(paths.customer(tenant, customer).person(row.id)) })),
    ...(customers.data?.items ?? []).map((row) => ({ id: row.id, label: row.name, group: t('palette.customers'), icon: Building2, run: to(paths.customer(tenant, row.id).home) })),
    ...(tenants.data?.items ?? []).map((row) => ({ id: row.id, label: row.name, group: t('palette.tenants'), icon: LayoutGrid, run: to(paths.tenant(row.id).home) })),
  ];
}

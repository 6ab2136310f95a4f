import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Phone } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import type { Extension, MyExtension } from '@/api/types';
import { View } from '@/features/shared/view';
import { EmptyState } from '@/ui/states';

/** More than any company of the size that this is for has in one PBX. */
const ALL = { sort: 'number', limit: 200, offset: 0 } as const;

export type PersonSettings = Extract<Extension['settings'], { kind: 'user' }>;
/** An extension of one's own; these are people's, of no other kind. */
export type OwnExtension = MyExtension & { extension: Extension & { settings: PersonSettings } };

const isOwn = (item: MyExtension): item is OwnExtension => item.extension.settings.kind === 'user';

export const useMyExtensions = () => useQuery({ ...get('/api/v1/me/extension'), refetchInterval: 15_000 });

/** One's extensions, or whom to ask for one. */
export function MyExtensions({ query, children }: { query: UseQueryResult<{ items: MyExtension[] }>; children: (items: OwnExtension[]) => ReactNode }) {
  return <View query={query}>{({ items }) => (items.some(isOwn) ? children(items.filter(isOwn)) : <NoExtension />)}</View>;
}

export function NoExtension() {
  const { t } = useTranslation();
  return (
    <div className="rounded-xl border border-line bg-surface shadow-card">
      <EmptyState icon={Phone} title={t('me.noExtensionTitle')}>
        {t('me.noExtensionText')}
      </EmptyState>
    </div>
  );
}

/** "1001 Cecilia", with where it is for whoever has several. */
export function useExtensionTitle(items: OwnExtension[]): (item: OwnExtension) => { title: string; description: string } {
  const several = new Set(items.map((item) => item.extension.pbx)).size > 1;
  return ({ extension, customer_name, pbx_name }) => ({ title: `${extension.number} ${extension.name}`, description: several ? `${customer_name} · ${pbx_name}` : customer_name });
}

/** Those whom one can send calls to. */
export const useColleagues = () => useQuery({ ...get('/api/v1/me/colleagues', { params: { query: ALL } }), staleTime: 60_000 });

import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { get } from '@/api/client';
import { withWords } from '@/i18n';

/** Loaded when somebody has a phone. */
const load = withWords(() => import('./dock'), 'phone', 'flows');
const Phonedock = lazy(async () => ({ default: (await load()).Phonedock }));

/** The phone, for whoever has an extension of their own that a browser can be a phone of. */
export function PhoneGate() {
  const { data } = useQuery({ ...get('/api/v1/me/extension'), staleTime: 60_000 });
  const mine = (data?.items ?? []).filter(({ extension, browser }) => browser && extension.kind === 'user');
  if (mine.length === 0) return null;
  return (
    <Suspense fallback={null}>
      <Phonedock extensions={mine} />
    </Suspense>
  );
}

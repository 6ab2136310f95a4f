import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { get } from '@/api/client';
import { needWords } from '@/i18n';

/** Loaded when somebody has a phone. */
const Phonedock = lazy(async () => {
  const [{ Phonedock: default_ }] = await Promise.all([import('./dock'), needWords('phone')]);
  return { default: default_ };
});

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

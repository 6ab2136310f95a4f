import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { get } from '@/api/client';
import type { Brand } from '@/api/types';
import { applyAccent } from '@/lib/colour';
import { useShownTheme } from '@/lib/theme';

const KEY = 'voxera.slug';

/** A partner's slug given in the address is kept for this tab, so that every later page has its brand. */
export function rememberSlug(slug: string | null): string | undefined {
  if (slug) sessionStorage.setItem(KEY, slug);
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** The brand of a partner, or of the address's host; its accent is set on the page. */
export function useBrand(slug?: string): Brand | undefined {
  const shown = useShownTheme();
  const { data } = useQuery({ ...get('/api/v1/brand', { params: { query: slug ? { slug } : {} } }), staleTime: 300_000, retry: 1 });
  const accent = data?.accent;
  useEffect(() => {
    if (accent) applyAccent(accent, document.documentElement, shown);
  }, [accent, shown]);
  return data;
}

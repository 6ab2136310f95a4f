import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { authorized } from '@/api/client';
import { problemFrom } from '@/api/problem';
import { toast } from '@/ui/toast';
import { useErrorText } from './errors';

/** Fetches a sound with the token, which an `<audio>` element cannot send. */
export async function soundAt(path: string): Promise<Blob> {
  const response = await authorized(new Request(new URL(path, location.origin)));
  if (!response.ok) throw problemFrom(response.status, await response.json().catch(() => null));
  return response.blob();
}

/** What a player does with a fault. */
export function useSoundError(): (error: unknown) => void {
  const { t } = useTranslation();
  const errorText = useErrorText();
  return useCallback((error: unknown) => toast.bad(t('player.failed'), error instanceof DOMException ? t('player.unplayable') : errorText.whole(error)), [t, errorText]);
}

import { useMutation, type QueryFilters } from '@tanstack/react-query';
import { queryClient } from '@/api/client';
import { toast } from '@/ui/toast';
import { useTranslation } from 'react-i18next';
import { useErrorText } from './errors';

/** Something that changes data: tells how it went, and lets what it made stale be asked for again. */
export function useAction<In, Out>({ run, success, stale, quiet = false }: {
  run: (input: In) => Promise<Out>;
  success?: string | ((out: Out, input: In) => string);
  stale?: QueryFilters | QueryFilters[];
  /** A form shows the failure itself. */
  quiet?: boolean;
}) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  return useMutation<Out, Error, In>({
    mutationFn: run,
    onSuccess: async (out, input) => {
      if (success) toast.good(typeof success === 'string' ? success : success(out, input));
      for (const filter of stale === undefined ? [] : Array.isArray(stale) ? stale : [stale]) void queryClient.invalidateQueries(filter);
      await Promise.resolve();
    },
    onError: (error) => {
      if (!quiet) toast.bad(t('error.failed'), errorText.whole(error));
    },
  });
}

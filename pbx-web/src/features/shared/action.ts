import { useMutation, type QueryFilters } from '@tanstack/react-query';
import { letGo, queryClient, type Named } from '@/api/client';
import { toast } from '@/ui/toast';
import { useTranslation } from 'react-i18next';
import { useErrorText } from './errors';

/** Something that changes data: tells how it went, and lets what it made stale be asked for again. */
export function useAction<In, Out>({ run, success, stale, undo, deletes, quiet = false }: {
  run: (input: In) => Promise<Out>;
  success?: string | ((out: Out, input: In) => string);
  stale?: QueryFilters | QueryFilters[];
  /** Takes back what was done; offered for a while after it. */
  undo?: (out: Out, input: In) => Promise<unknown>;
  /** The path of what is deleted, where something on the screen still shows it. */
  deletes?: Named;
  /** A form shows the failure itself. */
  quiet?: boolean;
}) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const refetch = () => {
    for (const filter of stale === undefined ? [] : Array.isArray(stale) ? stale : [stale]) void queryClient.invalidateQueries(filter);
  };
  return useMutation<Out, Error, In, (() => void) | undefined>({
    mutationFn: run,
    onMutate: () => deletes && letGo(deletes),
    onSuccess: (out, input) => {
      const takeBack = undo && {
        label: t('action.undo'),
        run: () => {
          undo(out, input).then(refetch, (error: unknown) => toast.bad(t('error.failed'), errorText.whole(error)));
        },
      };
      if (success) toast.good(typeof success === 'string' ? success : success(out, input), takeBack);
      refetch();
    },
    onError: (error, _, takeBack) => {
      takeBack?.();
      if (!quiet) toast.bad(t('error.failed'), errorText.whole(error));
    },
  });
}

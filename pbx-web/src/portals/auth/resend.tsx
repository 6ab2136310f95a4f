import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { unwrap } from '@/api/problem';
import { useAction } from '@/features/shared/action';

/** Asks for the verification mail again, once. */
export function Resend({ email }: { email: string }) {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  const send = useAction({ run: () => unwrap(api.POST('/api/v1/auth/verify-email/resend', { body: { email } })) });
  if (done) return <strong role="status">{t('auth.resend.done')}</strong>;
  return (
    <button type="button" aria-busy={send.isPending} onClick={() => send.mutate(undefined, { onSuccess: () => setDone(true) })} className="font-medium underline underline-offset-2">
      {t('auth.resend.action')}
    </button>
  );
}

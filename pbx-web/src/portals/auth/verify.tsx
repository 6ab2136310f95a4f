import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useSearchParams } from 'react-router';
import { api } from '@/api/client';
import { ApiError, unwrap } from '@/api/problem';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { useErrorText } from '@/features/shared/errors';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Button, LinkButton } from '@/ui/button';
import { Notice, Skeleton } from '@/ui/states';
import { AuthCard } from './layout';

/** Opened from the mail: the token is used at once, and only once however often the page draws. */
export function VerifyPage() {
  const { t } = useTranslation();
  useTitle(t('auth.register.title'));
  const errorText = useErrorText();
  const [params] = useSearchParams();
  const token = params.get('token') ?? '';
  const query = useQuery({
    queryKey: ['verify-email', token],
    queryFn: async () => {
      await unwrap(api.POST('/api/v1/auth/verify-email', { body: { token } }));
      return true;
    },
    staleTime: Infinity,
    gcTime: Infinity,
    retry: (count, error) => count < 2 && error instanceof ApiError && error.status === 0,
  });
  if (query.data) return <Navigate to={paths.signIn({ reason: 'verified' })} replace />;
  if (query.isPending) {
    return (
      <AuthCard title={t('auth.verify.working')}>
        <Skeleton className="h-11" />
      </AuthCard>
    );
  }
  const gone = query.error instanceof ApiError && (query.error.status === 410 || query.error.status === 422);
  if (!gone) {
    return (
      <AuthCard title={t('auth.verify.failedTitle')}>
        <div className="flex flex-col gap-4">
          <Notice kind="bad" role="alert">
            {errorText.whole(query.error)}
          </Notice>
          <Button loading={query.isFetching} onClick={() => void query.refetch()}>
            {t('action.retry')}
          </Button>
        </div>
      </AuthCard>
    );
  }
  return <AskAgain />;
}

function AskAgain() {
  const { t } = useTranslation();
  const [sent, setSent] = useState(false);
  const form = useForm({
    initial: { email: '' },
    check: (values) => (/^\S+@\S+$/.test(values.email.trim()) ? {} : { email: t('form.email') }),
    send: async (values) => {
      await unwrap(api.POST('/api/v1/auth/verify-email/resend', { body: { email: values.email.trim() } }));
      setSent(true);
    },
  });
  return (
    <AuthCard title={t('auth.verify.failedTitle')} text={t('auth.verify.failedText')}>
      {sent ? (
        <div className="flex flex-col gap-4">
          <Notice role="status">{t('auth.resend.done')}</Notice>
          <LinkButton to={paths.signIn()} size="lg">
            {t('auth.forgot.back')}
          </LinkButton>
        </div>
      ) : (
        <FormBody form={form} id="resend" guard={false}>
          <TextField form={form} name="email" required label={t('field.email')} type="email" autoComplete="username" inputMode="email" />
          <Button type="submit" variant="primary" size="lg" loading={form.submitting}>
            {t('auth.verify.submit')}
          </Button>
        </FormBody>
      )}
    </AuthCard>
  );
}

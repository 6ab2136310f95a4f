import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { api } from '@/api/client';
import { ApiError, unwrap } from '@/api/problem';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { PASSWORD_LEAST } from '@/lib/text';
import { Button, LinkButton } from '@/ui/button';
import { AuthCard, linkLook } from './layout';

/** Asks for a link. The answer is the same whether the account exists or not. */
export function ForgotPage() {
  const { t } = useTranslation();
  useTitle(t('auth.forgot.title'));
  const [sent, setSent] = useState<string | null>(null);
  const form = useForm({
    initial: { email: '' },
    check: (values) => (/^\S+@\S+$/.test(values.email.trim()) ? {} : { email: t('form.email') }),
    send: async (values) => {
      await unwrap(api.POST('/api/v1/auth/password-reset', { body: { email: values.email.trim() } }));
      setSent(values.email.trim());
    },
  });
  const back = (
    <Link to={paths.signIn()} className={linkLook}>
      {t('auth.forgot.back')}
    </Link>
  );
  if (sent) return <AuthCard title={t('auth.forgot.sentTitle')} text={t('auth.forgot.sentText', { email: sent })} below={back} />;
  return (
    <AuthCard title={t('auth.forgot.title')} text={t('auth.forgot.text')} below={back}>
      <FormBody form={form} id="forgot" guard={false}>
        <TextField form={form} name="email" required label={t('field.email')} type="email" autoComplete="username" inputMode="email" />
        <Button type="submit" variant="primary" size="lg" loading={form.submitting}>
          {t('auth.forgot.submit')}
        </Button>
      </FormBody>
    </AuthCard>
  );
}

/** Opened from the mail. */
export function ResetPage() {
  const { t } = useTranslation();
  useTitle(t('auth.reset.title'));
  const [params] = useSearchParams();
  const token = params.get('token') ?? '';
  const navigate = useNavigate();
  const [gone, setGone] = useState(token === '');
  const form = useForm({
    initial: { password: '', again: '' },
    check: (values) => ({
      ...(values.password.length >= PASSWORD_LEAST ? {} : { password: t('form.passwordShort') }),
      ...(values.password === values.again ? {} : { again: t('form.passwordsDiffer') }),
    }),
    send: async (values) => {
      try {
        await unwrap(api.POST('/api/v1/auth/password-reset/confirm', { body: { token, password: values.password } }));
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 410)) throw error;
        setGone(true);
        return;
      }
      await navigate(paths.signIn({ reason: 'reset' }), { replace: true });
    },
  });
  if (gone) {
    return (
      <AuthCard title={t('auth.reset.badTitle')} text={t('auth.reset.badText')}>
        <LinkButton to={paths.forgot} variant="primary" size="lg" className="w-full">
          {t('auth.reset.askAgain')}
        </LinkButton>
      </AuthCard>
    );
  }
  return (
    <AuthCard title={t('auth.reset.title')} text={t('auth.reset.text')}>
      <FormBody form={form} id="reset" guard={false}>
        <TextField form={form} name="password" required password label={t('auth.reset.password')} hint={t('form.passwordHint')} autoComplete="new-password" />
        <TextField form={form} name="again" required password label={t('auth.reset.again')} autoComplete="new-password" />
        <Button type="submit" variant="primary" size="lg" loading={form.submitting}>
          {t('auth.reset.submit')}
        </Button>
      </FormBody>
    </AuthCard>
  );
}

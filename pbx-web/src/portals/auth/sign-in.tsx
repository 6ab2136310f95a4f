import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useLocation, useNavigate, useParams, useSearchParams } from 'react-router';
import { api } from '@/api/client';
import { ApiError, unwrap } from '@/api/problem';
import { signedIn } from '@/api/session';
import { rememberSlug } from '@/features/brand/brand';
import { useSession } from '@/features/session/hooks';
import { useErrorText } from '@/features/shared/errors';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { isLanguage, setLanguage } from '@/i18n';
import { useTitle } from '@/lib/hooks';
import { paths, safeNext } from '@/lib/paths';
import { Button } from '@/ui/button';
import { Notice } from '@/ui/states';
import { AuthCard, linkLook } from './layout';
import { Resend } from './resend';
import { SecondFactor } from './second-factor';

/** Signs in and opens the portal in the account's language; `code` where the account asks for one as well. */
export async function signIn(email: string, password: string, code?: string): Promise<void> {
  const body = { email, password, ...(code ? { code } : {}) };
  const answer = await unwrap(api.POST('/api/v1/auth/login', { body }));
  if (isLanguage(answer.account.locale)) await setLanguage(answer.account.locale);
  signedIn(answer);
}

const told = ['expired', 'verified', 'reset', 'joined'] as const;

export function SignInPage() {
  const { t } = useTranslation();
  useTitle(t('auth.signIn.title'));
  const [params] = useSearchParams();
  const { state } = useLocation() as { state: { email?: string } | null };
  const session = useSession();
  const navigate = useNavigate();
  const [unverified, setUnverified] = useState<string | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [known, setKnown] = useState<{ email: string; password: string } | null>(null);
  const errorText = useErrorText();
  const next = safeNext(params.get('next')) ?? paths.home;
  const reason = told.find((one) => one === params.get('reason'));
  const form = useForm({
    initial: { email: state?.email ?? '', password: '' },
    check: (values) => ({
      ...(values.email.trim() ? {} : { email: t('form.required') }),
      ...(values.password ? {} : { password: t('form.required') }),
    }),
    send: async (values) => {
      setUnverified(null);
      setWrong(null);
      try {
        await signIn(values.email.trim(), values.password);
      } catch (error) {
        if (error instanceof ApiError && error.code === 'email_unverified') setUnverified(values.email.trim());
        else if (error instanceof ApiError && error.code === 'second_factor_required') setKnown({ email: values.email.trim(), password: values.password });
        else setWrong(errorText.whole(error));
        return;
      }
      await navigate(next, { replace: true });
    },
  });
  if (session.state === 'in') return <Navigate to={next} replace />;
  if (known) {
    return (
      <SecondFactor
        email={known.email}
        send={(code) => signIn(known.email, known.password, code)}
        onIn={() => navigate(next, { replace: true })}
        onBack={() => {
          setKnown(null);
          form.set('password', '');
        }}
      />
    );
  }
  return (
    <AuthCard
      title={t('auth.signIn.title')}
      below={
        <>
          {t('auth.signIn.noAccount')}{' '}
          <Link to={paths.register} className={linkLook}>
            {t('auth.signIn.register')}
          </Link>
        </>
      }
    >
      <FormBody form={form} id="sign-in" guard={false}>
        {unverified ? (
          <Notice kind="warn" role="alert">
            {t('server.email_unverified')} <Resend email={unverified} />
          </Notice>
        ) : wrong ? (
          <Notice kind="bad" role="alert">
            {wrong}
          </Notice>
        ) : (
          reason && <Notice role="status">{t(`auth.signIn.${reason}`)}</Notice>
        )}
        <TextField form={form} name="email" required label={t('field.email')} type="email" autoComplete="username" inputMode="email" />
        <TextField form={form} name="password" required password label={t('auth.signIn.password')} autoComplete="current-password" />
        <Button type="submit" variant="primary" size="lg" loading={form.submitting} className="w-full">
          {t('auth.signIn.submit')}
        </Button>
        <Link to={paths.forgot} className={`self-center text-sm ${linkLook}`}>
          {t('auth.signIn.forgot')}
        </Link>
      </FormBody>
    </AuthCard>
  );
}

/** A partner's own entrance: remembers whose brand to show, and goes on to the page that a mail's link names. */
export function EntrancePage() {
  const { slug = '', '*': page } = useParams();
  const { search } = useLocation();
  rememberSlug(slug);
  return <Navigate to={page ? `/${page}${search}` : paths.signIn({ slug })} replace />;
}

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { unwrap } from '@/api/problem';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { PASSWORD_LEAST } from '@/lib/text';
import { Button, LinkButton } from '@/ui/button';
import { AuthCard, linkLook } from './layout';
import { Resend } from './resend';

export function RegisterPage() {
  const { t, i18n } = useTranslation();
  useTitle(t('auth.register.title'));
  const [sent, setSent] = useState<string | null>(null);
  const form = useForm({
    initial: { organization_name: '', name: '', email: '', password: '' },
    check: (values) => ({
      ...(values.organization_name.trim() ? {} : { organization_name: t('form.required') }),
      ...(values.name.trim() ? {} : { name: t('form.required') }),
      ...(/^\S+@\S+$/.test(values.email.trim()) ? {} : { email: t('form.email') }),
      ...(values.password.length >= PASSWORD_LEAST ? {} : { password: t('form.passwordShort') }),
    }),
    send: async (values) => {
      const answer = await unwrap(
        api.POST('/api/v1/auth/register', {
          body: { organization_name: values.organization_name.trim(), name: values.name.trim(), email: values.email.trim(), password: values.password, locale: i18n.language === 'en' ? 'en' : 'sv' },
        }),
      );
      setSent(answer.email);
    },
  });
  if (sent) {
    return (
      <AuthCard title={t('auth.register.sentTitle')} text={t('auth.register.sentText', { email: sent })}>
        <div className="flex flex-col gap-4 text-sm">
          <LinkButton to={paths.signIn()} size="lg">
            {t('auth.forgot.back')}
          </LinkButton>
          <span className="self-center text-accent-text">
            <Resend email={sent} />
          </span>
        </div>
      </AuthCard>
    );
  }
  return (
    <AuthCard
      title={t('auth.register.title')}
      text={t('auth.register.text')}
      below={
        <>
          {t('auth.register.have')}{' '}
          <Link to={paths.signIn()} className={linkLook}>
            {t('auth.signIn.title')}
          </Link>
        </>
      }
    >
      <FormBody form={form} id="register" guard={false}>
        <TextField form={form} name="organization_name" required label={t('auth.register.company')} autoComplete="organization" maxLength={100} />
        <TextField form={form} name="name" required label={t('auth.register.name')} autoComplete="name" maxLength={100} />
        <TextField form={form} name="email" required label={t('field.email')} type="email" autoComplete="username" inputMode="email" />
        <TextField form={form} name="password" required password label={t('auth.register.password')} hint={t('form.passwordHint')} autoComplete="new-password" />
        <Button type="submit" variant="primary" size="lg" loading={form.submitting} className="w-full">
          {t('auth.register.submit')}
        </Button>
      </FormBody>
    </AuthCard>
  );
}

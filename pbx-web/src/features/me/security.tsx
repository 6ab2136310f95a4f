import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { stale } from '@/features/shared/stale';
import { useTitle } from '@/lib/hooks';
import { PASSWORD_LEAST } from '@/lib/text';
import { Button } from '@/ui/button';
import { Card, PageHeader } from '@/ui/page';
import { Time } from '@/ui/time';
import { LoginsCard, SessionsCard } from './sessions';
import { TwoStepCard } from './two-step';

/** How one signs in, where one is signed in, and who has tried. */
export function SecurityPage() {
  const { t } = useTranslation();
  useTitle(t('me.security'));
  return (
    <>
      <PageHeader title={t('me.security')}>{t('me.securityText')}</PageHeader>
      <div className="flex max-w-3xl flex-col gap-6">
        <TwoStepCard />
        <SessionsCard />
        <PasswordCard />
        <LoginsCard />
      </div>
    </>
  );
}

function PasswordCard() {
  const { t } = useTranslation();
  const query = useQuery(get('/api/v1/me/security'));
  const changed = query.data?.password_changed_at;
  const change = useAction({ quiet: true, stale: stale.me, success: t('me.passwordChanged'), run: (body: { current_password: string; new_password: string }) => unwrap(api.POST('/api/v1/me/password', { body })) });
  const form = useForm({
    initial: { current_password: '', new_password: '', again: '' },
    check: (values) => ({
      ...(values.current_password ? {} : { current_password: t('form.required') }),
      ...(values.new_password.length < PASSWORD_LEAST ? { new_password: t('form.passwordShort') } : {}),
      ...(values.new_password === values.again ? {} : { again: t('form.passwordsDiffer') }),
    }),
    send: async ({ current_password, new_password }) => {
      await change.mutateAsync({ current_password, new_password });
    },
    done: () => form.reset(),
  });
  return (
    <Card
      title={t('me.changePassword')}
      description={
        <>
          {t('me.passwordText')}{' '}
          {changed && (
            <>
              {t('me.passwordSince')} <Time at={changed} />.
            </>
          )}
        </>
      }
    >
      <FormBody form={form} id="password">
        <TextField form={form} name="current_password" required password label={t('me.currentPassword')} autoComplete="current-password" />
        <div className="grid gap-5 sm:grid-cols-2">
          <TextField form={form} name="new_password" required password label={t('me.newPassword')} hint={t('form.passwordHint')} autoComplete="new-password" />
          <TextField form={form} name="again" required password label={t('me.passwordAgain')} autoComplete="new-password" />
        </div>
        <div className="flex justify-end">
          <Button type="submit" variant="primary" loading={form.submitting}>
            {t('me.changePassword')}
          </Button>
        </div>
      </FormBody>
    </Card>
  );
}

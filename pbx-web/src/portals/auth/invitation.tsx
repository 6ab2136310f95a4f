import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { api, get } from '@/api/client';
import { ApiError, unwrap } from '@/api/problem';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { Failure } from '@/features/shared/view';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { PASSWORD_LEAST } from '@/lib/text';
import { Button, LinkButton } from '@/ui/button';
import { Loading, Notice } from '@/ui/states';
import type { components } from '@/api/schema.gen';
import { AuthCard } from './layout';
import { signIn } from './sign-in';

type Invitation = components['schemas']['Invitation'];

/** Opened from the mail: who invites to what, a password for those who have none. */
export function InvitationPage() {
  const { t } = useTranslation();
  const { token = '' } = useParams();
  const query = useQuery({ ...get('/api/v1/auth/invitations/{token}', { params: { path: { token } } }), staleTime: Infinity });
  useTitle(t('action.home'));
  if (query.data) return <Accept token={token} invitation={query.data} />;
  if (query.isPending) return <Loading />;
  if (query.error instanceof ApiError && [404, 410, 422].includes(query.error.status)) {
    return (
      <AuthCard title={t('auth.invitation.badTitle')} text={t('auth.invitation.badText')}>
        <LinkButton to={paths.signIn()} size="lg" className="w-full">
          {t('auth.forgot.back')}
        </LinkButton>
      </AuthCard>
    );
  }
  return <Failure error={query.error} onRetry={() => void query.refetch()} retrying={query.isFetching} />;
}

function Accept({ token, invitation }: { token: string; invitation: Invitation }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const place = invitation.organization;
  useTitle(t('auth.invitation.title', { place }));
  const fresh = invitation.needs_password;
  const role = t(`role.${invitation.role}`).toLowerCase();
  const form = useForm({
    initial: { name: invitation.name, password: '' },
    check: (values) => ({
      ...(values.name.trim() ? {} : { name: t('form.required') }),
      ...(!fresh || values.password.length >= PASSWORD_LEAST ? {} : { password: t('form.passwordShort') }),
    }),
    send: async (values) => {
      await unwrap(api.POST('/api/v1/auth/invitations/{token}', { params: { path: { token } }, body: { name: values.name.trim(), ...(fresh ? { password: values.password } : {}) } }));
      if (fresh) {
        await signIn(invitation.email, values.password);
        await navigate(paths.home, { replace: true });
      } else {
        await navigate(paths.signIn({ reason: 'joined' }), { replace: true, state: { email: invitation.email } });
      }
    },
  });
  return (
    <AuthCard title={t('auth.invitation.title', { place })} text={invitation.invited_by ? t('auth.invitation.text', { who: invitation.invited_by, role }) : t('auth.invitation.textAlone', { role })}>
      <FormBody form={form} id="invitation" guard={false}>
        {!fresh && <Notice>{t('auth.invitation.known', { email: invitation.email })}</Notice>}
        {fresh && (
          <>
            {/* Read by password managers: whose password it is. */}
            <input type="email" autoComplete="username" value={invitation.email} readOnly tabIndex={-1} aria-hidden className="sr-only" />
            <TextField form={form} name="name" required label={t('auth.invitation.name')} autoComplete="name" maxLength={100} />
            <TextField form={form} name="password" required password label={t('auth.invitation.password')} hint={t('form.passwordHint')} autoComplete="new-password" />
          </>
        )}
        <Button type="submit" variant="primary" size="lg" loading={form.submitting}>
          {fresh ? t('auth.invitation.submit') : t('auth.invitation.accept')}
        </Button>
      </FormBody>
    </AuthCard>
  );
}

import { MailPlus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Role, User } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { useAccount } from '@/features/session/hooks';
import { Button } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Choice } from '@/ui/field';
import { Card, Facts } from '@/ui/page';
import { Notice } from '@/ui/states';
import { Time } from '@/ui/time';
import { change, invite, remove, resend, rolesOf, staleOf, stateOf, type Scope } from './scope';

export function InviteSheet({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  const { t } = useTranslation();
  const roles = rolesOf(scope);
  const send = useAction({ quiet: true, stale: staleOf(scope), success: (user: User) => t('people.invited', { email: user.email }), run: (body: { email: string; name: string; role: Role }) => invite(scope, body) });
  const form = useForm({
    initial: { name: '', email: '', role: roles[0] ?? ('user') },
    check: (values) => ({
      ...(values.name.trim() ? {} : { name: t('form.required') }),
      ...(/^\S+@\S+$/.test(values.email.trim()) ? {} : { email: t('form.email') }),
    }),
    send: (values) => send.mutateAsync({ ...values, email: values.email.trim() }),
    done: onClose,
  });
  return (
    <Sheet
      title={t('people.invite')}
      description={t('people.inviteText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="invite" variant="primary" icon={MailPlus} loading={form.submitting}>
            {t('people.send')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="invite">
        <TextField form={form} name="name" required label={t('field.name')} autoComplete="off" maxLength={100} />
        <TextField form={form} name="email" required label={t('field.email')} type="email" autoComplete="off" />
        {roles.length > 1 && (
          <Choice legend={t('field.role')} value={form.values.role} columns="" onChange={(role) => form.set('role', role)} options={roles.map((role) => ({ value: role, label: t(`role.${role}`), hint: t(`roleHint.${role}`) }))} />
        )}
      </FormBody>
    </Sheet>
  );
}

export function PersonSheet({ scope, user, onClose }: { scope: Scope; user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const { account } = useAccount();
  const [asking, setAsking] = useState<'remove' | 'suspend' | null>(null);
  const roles = rolesOf(scope);
  const self = account?.email.toLowerCase() === user.email.toLowerCase();
  const stale = staleOf(scope);
  const save = useAction({ quiet: true, stale, success: t('saved'), run: (body: { name: string; role: Role }) => change(scope, user.id, body) });
  const status = useAction({
    stale,
    success: (_, next) => t(next === 'active' ? 'people.activated' : 'people.suspended', { name: user.name }),
    run: (next: 'active' | 'suspended') => change(scope, user.id, { status: next }),
    undo: (_, next) => change(scope, user.id, { status: next === 'active' ? 'suspended' : 'active' }),
  });
  const again = useAction({ stale, success: t('people.resent'), run: () => resend(scope, user.id) });
  const drop = useAction({ stale, success: t('people.removed', { name: user.name }), run: () => remove(scope, user.id) });
  const form = useForm({
    initial: { name: user.name, role: user.role },
    check: (values) => (values.name.trim() ? {} : { name: t('form.required') }),
    send: (values) => save.mutateAsync(values),
    done: onClose,
  });
  const editable = scope.kind !== 'platform';
  return (
    <Sheet
      title={user.name}
      description={user.email}
      onClose={onClose}
      footer={
        editable ? (
          <>
            <Button onClick={onClose}>{t('action.cancel')}</Button>
            <Button type="submit" form="person" variant="primary" loading={form.submitting}>
              {t('action.save')}
            </Button>
          </>
        ) : undefined
      }
    >
      <div className="flex flex-col gap-6">
        {stateOf(user) === 'invited' && editable && (
          <Notice
            kind="warn"
            action={
              <Button size="sm" icon={MailPlus} loading={again.isPending} onClick={() => again.mutate(undefined)}>
                {t('people.resend')}
              </Button>
            }
          >
            {t('people.waiting')}
          </Notice>
        )}
        {editable && (
          <FormBody form={form} id="person">
            <TextField form={form} name="name" required label={t('field.name')} maxLength={100} />
            {roles.length > 1 &&
              (self ? (
                <Notice>{t('people.ownRole')}</Notice>
              ) : (
                <Choice legend={t('field.role')} value={form.values.role} columns="" onChange={(role) => form.set('role', role)} options={roles.map((role) => ({ value: role, label: t(`role.${role}`), hint: t(`roleHint.${role}`) }))} />
              ))}
          </FormBody>
        )}
        <Facts
          items={[
            { label: t('field.role'), value: t(`role.${user.role}`) },
            { label: t('field.status'), value: t(`status.${stateOf(user)}`) },
            { label: t('field.created'), value: <Time at={user.created_at} /> },
          ]}
        />
        <Card title={t('danger.title')}>
          <div className="flex flex-wrap gap-2">
            {editable &&
              (user.status === 'suspended' ? (
                <Button loading={status.isPending} onClick={() => status.mutate('active')}>
                  {t('action.activate')}
                </Button>
              ) : (
                <Button variant="danger-quiet" disabledReason={self && t('people.selfReason')} onClick={() => setAsking('suspend')}>
                  {t('action.suspend')}
                </Button>
              ))}
            <Button variant="danger-quiet" disabledReason={self && t('people.selfReason')} onClick={() => setAsking('remove')}>
              {t('action.remove')}
            </Button>
          </div>
        </Card>
      </div>
      {asking === 'suspend' && (
        <ConfirmDialog title={t('people.suspendTitle', { name: user.name })} action={t('action.suspend')} onClose={() => setAsking(null)} onConfirm={() => status.mutateAsync('suspended')}>
          {t('people.suspendText')}
        </ConfirmDialog>
      )}
      {asking === 'remove' && (
        <ConfirmDialog title={t('people.removeTitle', { name: user.name })} action={t('action.remove')} onClose={() => setAsking(null)} onConfirm={() => drop.mutateAsync(undefined).then(onClose)}>
          {user.extension ? t('people.removeWithExtension', { number: user.extension.number }) : t('people.removeText')}
        </ConfirmDialog>
      )}
    </Sheet>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Trunk } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { FormBody, SelectField, TextField, useForm, type Form } from '@/features/shared/form';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { Button } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Choice, Switch } from '@/ui/field';
import { Card } from '@/ui/page';
import { TrunkState } from './page';

interface Values {
  name: string;
  kind: Trunk['kind'];
  host: string;
  port: string;
  transport: Trunk['transport'];
  username: string;
  password: string;
  addresses: string;
  emergency: boolean;
  priority: string;
}

const EMPTY: Values = { name: '', kind: 'registration', host: '', port: '', transport: 'udp', username: '', password: '', addresses: '', emergency: true, priority: '1' };
const whole = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN);

function useCheck(passwordSet: boolean) {
  const { t } = useTranslation();
  return (values: Values): Partial<Record<keyof Values, string>> => ({
    ...(values.name.trim() ? {} : { name: t('form.required') }),
    ...(values.host.trim() ? {} : { host: t('form.required') }),
    ...(values.port.trim() === '' || (whole(values.port) >= 1 && whole(values.port) <= 65535) ? {} : { port: t('trunks.portRule') }),
    ...(whole(values.priority) >= 1 && whole(values.priority) <= 100 ? {} : { priority: t('trunks.priorityRule') }),
    ...(values.kind === 'registration' && !values.username.trim() ? { username: t('form.required') } : {}),
    ...(values.kind === 'registration' && !values.password && !passwordSet ? { password: t('form.required') } : {}),
    ...(values.kind === 'address' && !values.addresses.trim() ? { addresses: t('form.required') } : {}),
  });
}

/** An empty password leaves the one there is. */
const bodyOf = (values: Values) => ({
  name: values.name.trim(),
  host: values.host.trim(),
  port: values.port.trim() ? whole(values.port) : null,
  transport: values.transport,
  username: values.username.trim() || null,
  ...(values.password ? { password: values.password } : {}),
  addresses: values.addresses.split(/[\s,;]+/).filter(Boolean),
  emergency: values.emergency,
  priority: whole(values.priority),
});

function Fields({ form, passwordSet, fresh = false }: { form: Form<Values>; passwordSet: boolean; /** How it signs in stays. */ fresh?: boolean }) {
  const { t } = useTranslation();
  const registers = form.values.kind === 'registration';
  return (
    <>
      <TextField form={form} name="name" required label={t('field.name')} placeholder={t('trunks.namePlaceholder')} maxLength={100} />
      {fresh && <Choice
        legend={t('trunks.kind')}
        columns="sm:grid-cols-2"
        value={form.values.kind}
        options={[
          { value: 'registration', label: t('trunks.kinds.registration'), hint: t('trunks.registrationHint') },
          { value: 'address', label: t('trunks.kinds.address'), hint: t('trunks.addressHint') },
        ]}
        onChange={(kind) => form.set('kind', kind)}
      />}
      <div className="grid gap-5 sm:grid-cols-[1fr_7rem_7rem]">
        <TextField form={form} name="host" required label={t('trunks.host')} placeholder="sip.operator.se" autoComplete="off" spellCheck={false} />
        <TextField form={form} name="port" optional label={t('trunks.port')} placeholder="5060" inputMode="numeric" className="tabular" />
        <SelectField
          form={form}
          name="transport"
          label={t('trunks.transport')}
          options={[
            { value: 'udp', label: 'UDP' },
            { value: 'tcp', label: 'TCP' },
          ]}
        />
      </div>
      <div className="grid gap-5 sm:grid-cols-2">
        <TextField form={form} name="username" required={registers} optional={!registers} label={t('credentials.username')} autoComplete="off" spellCheck={false} />
        <TextField form={form} name="password" password required={registers && !passwordSet} optional={!registers} label={t('credentials.password')} hint={passwordSet ? t('trunks.passwordKept') : undefined} autoComplete="new-password" />
      </div>
      <TextField form={form} name="addresses" required={!registers} optional={registers} label={t('trunks.addresses')} hint={t('trunks.addressesHint')} placeholder="192.0.2.10, 192.0.2.11" spellCheck={false} />
      <TextField form={form} name="priority" label={t('trunks.priority')} hint={t('trunks.priorityHint')} inputMode="numeric" className="max-w-64" />
      <Switch label={t('trunks.emergency')} hint={t('trunks.emergencyHint')} checked={form.values.emergency} onChange={(on) => form.set('emergency', on)} />
    </>
  );
}

export function NewTrunkSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const create = useAction({
    quiet: true,
    stale: stale.pbx,
    success: (made: Trunk) => t('trunks.created', { name: made.name }),
    run: (values: Values) => {
      const body = { ...bodyOf(values), kind: values.kind };
      return unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks', { params: { path: { tenant, customer, pbx }, header: { 'Idempotency-Key': idempotencyKey(`trunk ${pbx}`, body) } }, body }));
    },
  });
  const form = useForm<Values>({ initial: EMPTY, check: useCheck(false), send: (values) => create.mutateAsync(values), done: onClose });
  return (
    <Sheet
      wide
      title={t('trunks.new')}
      description={t('trunks.newText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-trunk" variant="primary" loading={form.submitting}>
            {t('trunks.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-trunk">
        <Fields form={form} passwordSet={false} fresh />
      </FormBody>
    </Sheet>
  );
}

export function TrunkSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks/{trunk}', { params: { path: { tenant, customer, pbx, trunk: id } } }));
  return (
    <Sheet
      wide
      title={query.data?.name ?? t('trunks.one')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="trunk" variant="primary" disabledReason={query.data ? undefined : t('state.loading')}>
            {t('action.save')}
          </Button>
        </>
      }
    >
      <View query={query}>{(found) => <EditTrunk key={found.id} trunk={found} onDone={onClose} />}</View>
    </Sheet>
  );
}

function EditTrunk({ trunk, onDone }: { trunk: Trunk; onDone: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const [asking, setAsking] = useState(false);
  const path = { tenant, customer, pbx, trunk: trunk.id };
  const save = useAction({
    quiet: true,
    stale: stale.pbx,
    success: t('saved'),
    run: (body: ReturnType<typeof bodyOf>) => unwrap(api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks/{trunk}', { params: { path }, body })),
  });
  const remove = useAction({ stale: stale.pbx, deletes: path, success: t('trunks.deleted'), run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks/{trunk}', { params: { path } })) });
  const form = useForm<Values>({
    initial: {
      name: trunk.name,
      kind: trunk.kind,
      host: trunk.host,
      port: trunk.port ? String(trunk.port) : '',
      transport: trunk.transport,
      username: trunk.username ?? '',
      password: '',
      addresses: trunk.addresses.join(', '),
      emergency: trunk.emergency,
      priority: String(trunk.priority),
    },
    check: useCheck(trunk.password_set),
    send: (values) => save.mutateAsync(bodyOf(values)),
    done: onDone,
  });
  return (
    <div className="flex flex-col gap-6">
      <TrunkState trunk={trunk} />
      <FormBody form={form} id="trunk">
        <Fields form={form} passwordSet={trunk.password_set} />
      </FormBody>
      <Card title={t('danger.delete')}>
        <Button variant="danger-quiet" onClick={() => setAsking(true)}>
          {t('trunks.delete')}
        </Button>
      </Card>
      {asking && (
        <ConfirmDialog title={t('trunks.deleteTitle', { name: trunk.name })} action={t('action.delete')} onClose={() => setAsking(false)} onConfirm={() => remove.mutateAsync(undefined).then(onDone)}>
          {t('trunks.deleteText')}
        </ConfirmDialog>
      )}
    </div>
  );
}

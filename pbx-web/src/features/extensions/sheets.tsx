import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useLocation, useNavigate, useParams } from 'react-router';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Extension } from '@/api/types';
import { DevicesSection } from '@/features/devices/devices';
import { useStanding } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm, type Form } from '@/features/shared/form';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { paths } from '@/lib/paths';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Field, Switch } from '@/ui/field';
import { Card, Facts } from '@/ui/page';

interface Values {
  number: string;
  name: string;
  user: string | null;
  ring_seconds: string;
  call_waiting: boolean;
}

const seconds = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN);

function useCheck() {
  const { t } = useTranslation();
  return (values: Values): Partial<Record<keyof Values, string>> => ({
    ...(/^[1-9]\d{1,5}$/.test(values.number.trim()) ? {} : { number: t('extensions.numberRule') }),
    ...(values.name.trim() ? {} : { name: t('form.required') }),
    ...(seconds(values.ring_seconds) >= 5 && seconds(values.ring_seconds) <= 120 ? {} : { ring_seconds: t('extensions.ringRule') }),
  });
}

const bodyOf = (values: Values) => ({
  number: values.number.trim(),
  name: values.name.trim(),
  user: values.user,
  ring_seconds: seconds(values.ring_seconds),
  call_waiting: values.call_waiting,
});

function Fields({ form, current }: { form: Form<Values>; current?: Extension }) {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const [search, setSearch] = useState('');
  const people = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/users', { params: { path: { tenant, customer }, query: { ...(search ? { search } : {}), sort: 'name', limit: 50, offset: 0 } } }));
  const options = (people.data?.items ?? []).map((user) => ({
    value: user.id,
    label: user.name,
    hint: user.extension && user.extension.id !== current?.id ? t('extensions.has', { number: user.extension.number }) : user.email,
  }));
  if (current?.user && !options.some((option) => option.value === current.user)) options.unshift({ value: current.user, label: current.user_name ?? '', hint: '' });
  return (
    <>
      <div className="grid gap-5 sm:grid-cols-[9rem_1fr]">
        <TextField form={form} name="number" required label={t('extensions.number')} inputMode="numeric" placeholder="1000" className="tabular" />
        <TextField form={form} name="name" required label={t('field.name')} placeholder={t('extensions.namePlaceholder')} maxLength={100} />
      </div>
      <Field label={t('extensions.person')} optional hint={t('extensions.personHint')} error={form.errors.user}>
        {(field) => (
          <Combobox
            field={field}
            value={form.values.user}
            options={options}
            placeholder={t('extensions.nobody')}
            emptyText={people.isPending ? t('state.loading') : t('table.nothingFound')}
            onSearch={setSearch}
            onChange={(user) => {
              form.set('user', user);
            }}
          />
        )}
      </Field>
      <TextField form={form} name="ring_seconds" label={t('extensions.ringSeconds')} hint={t('extensions.ringHint')} inputMode="numeric" className="max-w-64" />
      <Switch label={t('extensions.callWaiting')} hint={t('extensions.callWaitingHint')} checked={form.values.call_waiting} onChange={(on) => form.set('call_waiting', on)} />
    </>
  );
}

export function NewExtensionSheet() {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const navigate = useNavigate();
  const { search } = useLocation();
  const here = paths.customer(tenant, customer).pbx(pbx);
  const close = () => void navigate({ pathname: here.extensions, search });
  const create = useAction({
    quiet: true,
    stale: stale.pbx,
    success: (extension: Extension) => t('extensions.created', { number: extension.number }),
    run: (body: ReturnType<typeof bodyOf>) =>
      unwrap(
        api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions', {
          params: { path: { tenant, customer, pbx }, header: { 'Idempotency-Key': idempotencyKey('extension', body) } },
          body,
        }),
      ),
  });
  const [made, setMade] = useState<string | null>(null);
  const form = useForm<Values>({
    initial: { number: '', name: '', user: null, ring_seconds: '25', call_waiting: true },
    check: useCheck(),
    send: async (values) => {
      setMade((await create.mutateAsync(bodyOf(values))).id);
    },
  });
  // The next step is its phone: open what was made, once the form no longer counts as changed.
  if (made) return <Navigate to={here.extension(made)} replace />;
  return (
    <Sheet
      title={t('extensions.new')}
      description={t('extensions.newText')}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-extension" variant="primary" loading={form.submitting}>
            {t('extensions.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-extension">
        <Fields form={form} />
      </FormBody>
    </Sheet>
  );
}

export function ExtensionSheet() {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const { extension = '' } = useParams();
  const { may } = useStanding({ tenant, customer });
  const navigate = useNavigate();
  const { search } = useLocation();
  const close = () => void navigate({ pathname: paths.customer(tenant, customer).pbx(pbx).extensions, search });
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}', { params: { path: { tenant, customer, pbx, extension } } }));
  const data = query.data;
  return (
    <Sheet
      wide
      title={data ? `${data.number} ${data.name}` : t('extensions.one')}
      description={data?.user_name}
      onClose={close}
      footer={
        may('customer_admin') ? (
          <>
            <Button onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" form="extension" variant="primary" disabledReason={data ? undefined : t('state.loading')}>
              {t('action.save')}
            </Button>
          </>
        ) : undefined
      }
    >
      <View query={query}>
        {(found) => (
          <div className="flex flex-col gap-6">
            <DevicesSection extension={found} />
            {may('customer_admin') ? (
              <EditExtension key={found.id} extension={found} onDone={close} />
            ) : (
              <Facts
                items={[
                  { label: t('extensions.person'), value: found.user_name ?? '–' },
                  { label: t('extensions.ringSeconds'), value: t('extensions.seconds', { seconds: found.ring_seconds }) },
                  { label: t('extensions.callWaiting'), value: found.call_waiting ? t('yes') : t('no') },
                ]}
              />
            )}
          </div>
        )}
      </View>
    </Sheet>
  );
}

function EditExtension({ extension, onDone }: { extension: Extension; onDone: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const [asking, setAsking] = useState(false);
  const path = { tenant, customer, pbx, extension: extension.id };
  const save = useAction({
    quiet: true,
    stale: stale.pbx,
    success: t('saved'),
    run: (body: ReturnType<typeof bodyOf>) => unwrap(api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}', { params: { path }, body })),
  });
  const remove = useAction({
    stale: stale.pbx,
    success: t('extensions.deleted', { number: extension.number }),
    run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}', { params: { path } })),
  });
  const form = useForm<Values>({
    initial: { number: extension.number, name: extension.name, user: extension.user ?? null, ring_seconds: String(extension.ring_seconds), call_waiting: extension.call_waiting },
    check: useCheck(),
    send: (values) => save.mutateAsync(bodyOf(values)),
    done: onDone,
  });
  return (
    <>
      <Card title={t('nav.settings')}>
        <FormBody form={form} id="extension">
          <Fields form={form} current={extension} />
        </FormBody>
      </Card>
      <Card title={t('danger.delete')}>
        <Button variant="danger-quiet" onClick={() => setAsking(true)}>
          {t('extensions.delete')}
        </Button>
      </Card>
      {asking && (
        <ConfirmDialog title={t('extensions.deleteTitle', { number: extension.number })} action={t('action.delete')} onClose={() => setAsking(false)} onConfirm={() => remove.mutateAsync(undefined).then(onDone)}>
          {t('extensions.deleteText', { devices: extension.devices })}
        </ConfirmDialog>
      )}
    </>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Customer } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { invite } from '@/features/people/scope';
import { FormBody, SelectField, TextField, useForm } from '@/features/shared/form';
import { useLocaleOptions, zoneOptions } from '@/features/shared/options';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { paths } from '@/lib/paths';
import { orgNumber } from '@/lib/text';
import { Button } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Card } from '@/ui/page';

const whole = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN);

export function NewCustomerSheet() {
  const { t } = useTranslation();
  const { tenant } = usePlace();
  const navigate = useNavigate();
  const { search } = useLocation();
  const close = () => void navigate({ pathname: paths.tenant(tenant).customers, search });
  const locales = useLocaleOptions();
  const create = useAction({
    quiet: true,
    stale: stale.customers,
    success: (customer: Customer) => t('customers.created', { name: customer.name }),
    run: async (values: { name: string; org_number: string; locale: string; time_zone: string; admin_name: string; admin_email: string }) => {
      const body = {
        name: values.name,
        org_number: values.org_number.trim() || null,
        locale: values.locale === 'en' ? ('en' as const) : ('sv' as const),
        time_zone: values.time_zone,
      };
      const customer = await unwrap(api.POST('/api/v1/tenants/{tenant}/customers', { params: { path: { tenant }, header: { 'Idempotency-Key': idempotencyKey(`customer ${tenant}`, body) } }, body }));
      const email = values.admin_email.trim();
      // Sent again after a failure here, the same key gives the same company back.
      if (email) await invite({ kind: 'customer', tenant, customer: customer.id }, { email, name: values.admin_name, role: 'customer_admin' });
      return customer;
    },
  });
  const form = useForm({
    initial: { name: '', org_number: '', locale: 'sv', time_zone: 'Europe/Stockholm', admin_name: '', admin_email: '' },
    check: (values) => ({
      ...(values.name.trim() ? {} : { name: t('form.required') }),
      ...(values.admin_email && !values.admin_name.trim() ? { admin_name: t('form.required') } : {}),
    }),
    names: { email: 'admin_email' },
    send: (values) => create.mutateAsync(values),
    done: close,
  });
  return (
    <Sheet
      title={t('customers.new')}
      description={t('customers.newText')}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-customer" variant="primary" loading={form.submitting}>
            {t('customers.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-customer">
        <TextField form={form} name="name" required label={t('customers.name')} autoComplete="organization" maxLength={100} />
        <TextField form={form} name="org_number" optional label={t('customers.orgNumber')} hint={t('customers.orgNumberHint')} inputMode="numeric" map={orgNumber} placeholder="556677-8899" />
        <div className="grid gap-5 sm:grid-cols-2">
          <SelectField form={form} name="locale" label={t('field.language')} options={locales} />
          <SelectField form={form} name="time_zone" label={t('field.timeZone')} options={zoneOptions(form.values.time_zone)} />
        </div>
        <fieldset className="flex flex-col gap-5 rounded-xl border border-line bg-sunken/50 p-4">
          <legend className="px-1 text-sm font-semibold">{t('customers.firstAdmin')}</legend>
          <TextField form={form} name="admin_name" optional label={t('field.name')} autoComplete="off" />
          <TextField form={form} name="admin_email" optional label={t('field.email')} type="email" autoComplete="off" hint={t('customers.firstAdminHint')} />
        </fieldset>
      </FormBody>
    </Sheet>
  );
}

export function EditCustomerSheet() {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const navigate = useNavigate();
  const { search } = useLocation();
  const close = () => void navigate({ pathname: paths.tenant(tenant).customers, search });
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}', { params: { path: { tenant, customer } } }));
  return (
    <Sheet
      title={t('customers.edit')}
      description={query.data?.name}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t('action.cancel')}</Button>
          <Button type="submit" form="edit-customer" variant="primary" disabledReason={query.data ? undefined : t('state.loading')}>
            {t('action.save')}
          </Button>
        </>
      }
    >
      <View query={query}>{(data) => <EditCustomer key={data.id} tenant={tenant} customer={data} onDone={close} />}</View>
    </Sheet>
  );
}

function EditCustomer({ tenant, customer, onDone }: { tenant: string; customer: Customer; onDone: () => void }) {
  const { t } = useTranslation();
  const locales = useLocaleOptions();
  const path = { tenant, customer: customer.id };
  const [asking, setAsking] = useState<'suspend' | 'delete' | null>(null);
  const save = useAction({
    quiet: true,
    stale: stale.customers,
    success: t('saved'),
    run: (values: { name: string; org_number: string; locale: string; time_zone: string; max_agents: string; monthly_tokens: string }) =>
      unwrap(
        api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}', {
          params: { path },
          body: {
            name: values.name,
            org_number: values.org_number.trim() || null,
            locale: values.locale === 'en' ? 'en' : 'sv',
            time_zone: values.time_zone,
            max_agents: whole(values.max_agents),
            monthly_tokens: whole(values.monthly_tokens),
          },
        }),
      ),
  });
  const form = useForm({
    initial: {
      name: customer.name,
      org_number: customer.org_number ?? '',
      locale: customer.locale,
      time_zone: customer.time_zone,
      max_agents: String(customer.max_agents),
      monthly_tokens: String(customer.monthly_tokens),
    },
    check: (values) => ({
      ...(values.name.trim() ? {} : { name: t('form.required') }),
      ...(Number.isNaN(whole(values.max_agents)) ? { max_agents: t('form.wholeNumber') } : {}),
      ...(Number.isNaN(whole(values.monthly_tokens)) ? { monthly_tokens: t('form.wholeNumber') } : {}),
    }),
    send: (values) => save.mutateAsync(values),
    done: onDone,
  });
  const suspend = useAction({ stale: stale.customers, success: t('customers.suspended'), undo: () => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/activate', { params: { path } })), run: () => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/suspend', { params: { path } })) });
  const activate = useAction({ stale: stale.customers, success: t('customers.activated'), run: () => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/activate', { params: { path } })) });
  const remove = useAction({ stale: stale.customers, deletes: path, success: t('customers.deleted'), run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}', { params: { path } })) });
  return (
    <div className="flex flex-col gap-8">
      <FormBody form={form} id="edit-customer">
        <TextField form={form} name="name" required label={t('customers.name')} maxLength={100} />
        <TextField form={form} name="org_number" optional label={t('customers.orgNumber')} inputMode="numeric" map={orgNumber} />
        <div className="grid gap-5 sm:grid-cols-2">
          <SelectField form={form} name="locale" label={t('field.language')} options={locales} />
          <SelectField form={form} name="time_zone" label={t('field.timeZone')} options={zoneOptions(form.values.time_zone)} />
          <TextField form={form} name="max_agents" label={t('customers.maxAgents')} inputMode="numeric" />
          <TextField form={form} name="monthly_tokens" label={t('customers.monthlyTokens')} inputMode="numeric" />
        </div>
      </FormBody>
      <Card title={t('danger.title')}>
        <div className="flex flex-wrap gap-2">
          {customer.status === 'active' ? (
            <Button variant="danger-quiet" onClick={() => setAsking('suspend')}>
              {t('action.suspend')}
            </Button>
          ) : (
            <Button loading={activate.isPending} onClick={() => activate.mutate(undefined)}>
              {t('action.activate')}
            </Button>
          )}
          <Button variant="danger-quiet" onClick={() => setAsking('delete')}>
            {t('action.delete')}
          </Button>
        </div>
      </Card>
      {asking === 'suspend' && (
        <ConfirmDialog title={t('customers.suspendTitle', { name: customer.name })} action={t('action.suspend')} onClose={() => setAsking(null)} onConfirm={() => suspend.mutateAsync(undefined)}>
          {t('customers.suspendText')}
        </ConfirmDialog>
      )}
      {asking === 'delete' && (
        <ConfirmDialog title={t('customers.deleteTitle', { name: customer.name })} word={customer.name} action={t('action.delete')} onClose={() => setAsking(null)} onConfirm={() => remove.mutateAsync(undefined).then(onDone)}>
          {t('customers.deleteText')}
        </ConfirmDialog>
      )}
    </div>
  );
}

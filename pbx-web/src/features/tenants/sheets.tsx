import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Tenant } from '@/api/types';
import { invite } from '@/features/people/scope';
import { FormBody, SelectField, TextField, useForm } from '@/features/shared/form';
import { useLocaleOptions, zoneOptions } from '@/features/shared/options';
import { stale } from '@/features/shared/stale';
import { useAction } from '@/features/shared/action';
import { View } from '@/features/shared/view';
import { paths } from '@/lib/paths';
import { slugOf } from '@/lib/text';
import { Button, LinkButton } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Card } from '@/ui/page';
import { ColourField } from './brand-fields';
import { EngineCard } from './engine';

const text = (value: string): string | null => value.trim() || null;

export function NewTenantSheet() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { search } = useLocation();
  const close = () => void navigate({ pathname: paths.platform.tenants, search });
  const locales = useLocaleOptions();
  const [slugTouched, setSlugTouched] = useState(false);
  const create = useAction({
    quiet: true,
    stale: stale.tenants,
    success: (tenant: Tenant) => t('tenants.created', { name: tenant.name }),
    run: (body: Parameters<typeof send>[0]) => send(body),
  });
  const form = useForm({
    initial: { name: '', slug: '', host: '', accent: '#0f6e63', support_email: '', locale: 'sv', time_zone: 'Europe/Stockholm', admin_name: '', admin_email: '' },
    check: (values) => ({
      ...(values.name.trim() ? {} : { name: t('form.required') }),
      ...(values.slug.trim() ? {} : { slug: t('form.required') }),
      ...(values.admin_email && !values.admin_name.trim() ? { admin_name: t('form.required') } : {}),
    }),
    names: { email: 'admin_email' },
    send: (values) => create.mutateAsync(values),
    done: close,
  });
  return (
    <Sheet
      title={t('tenants.new')}
      description={t('tenants.newText')}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-tenant" variant="primary" loading={form.submitting}>
            {t('tenants.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-tenant">
        <TextField
          form={form}
          name="name"
          required
          label={t('tenants.name')}
          autoComplete="organization"
          maxLength={100}
          onBlur={() => {
            if (!slugTouched && !form.values.slug) form.set('slug', slugOf(form.values.name));
          }}
        />
        <TextField
          form={form}
          name="slug"
          required
          label={t('tenants.slug')}
          hint={t('tenants.slugHint', { example: `${location.origin}/at/${form.values.slug || 'nordtel'}` })}
          spellCheck={false}
          map={(value) => {
            setSlugTouched(true);
            return value.toLowerCase();
          }}
        />
        <TextField form={form} name="host" optional label={t('tenants.host')} hint={t('tenants.hostHint')} placeholder="voice.nordtel.example" spellCheck={false} />
        <ColourField form={form} />
        <div className="grid gap-5 sm:grid-cols-2">
          <SelectField form={form} name="locale" label={t('field.language')} options={locales} />
          <SelectField form={form} name="time_zone" label={t('field.timeZone')} options={zoneOptions(form.values.time_zone)} />
        </div>
        <TextField form={form} name="support_email" optional label={t('tenants.support')} type="email" hint={t('tenants.supportHint')} />
        <fieldset className="flex flex-col gap-5 rounded-xl border border-line bg-sunken/50 p-4">
          <legend className="px-1 text-sm font-semibold">{t('tenants.firstAdmin')}</legend>
          <TextField form={form} name="admin_name" optional label={t('field.name')} autoComplete="off" />
          <TextField form={form} name="admin_email" optional label={t('field.email')} type="email" autoComplete="off" hint={t('tenants.firstAdminHint')} />
        </fieldset>
      </FormBody>
    </Sheet>
  );
}

/** Makes the partner, then invites its first administrator. */
async function send(values: { name: string; slug: string; host: string; accent: string; support_email: string; locale: string; time_zone: string; admin_name: string; admin_email: string }): Promise<Tenant> {
  const body = {
    name: values.name,
    slug: values.slug,
    host: text(values.host),
    brand_name: values.name,
    accent: values.accent,
    support_email: text(values.support_email),
    locale: values.locale === 'en' ? ('en' as const) : ('sv' as const),
    time_zone: values.time_zone,
  };
  const tenant = await unwrap(api.POST('/api/v1/tenants', { params: { header: { 'Idempotency-Key': idempotencyKey('tenant', body) } }, body }));
  const email = values.admin_email.trim();
  // Sent again after a failure here, the same key gives the same partner back.
  if (email) await invite({ kind: 'tenant', tenant: tenant.id }, { email, name: values.admin_name, role: 'tenant_admin' });
  return tenant;
}

export function EditTenantSheet() {
  const { t } = useTranslation();
  const { tenant: id = '' } = useParams();
  const navigate = useNavigate();
  const { search } = useLocation();
  const close = () => void navigate({ pathname: paths.platform.tenants, search });
  const query = useQuery(get('/api/v1/tenants/{tenant}', { params: { path: { tenant: id } } }));
  const name = query.data?.name ?? '';
  return (
    <Sheet
      title={t('tenants.edit')}
      description={name}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t('action.cancel')}</Button>
          <Button type="submit" form="edit-tenant" variant="primary" disabledReason={query.data ? undefined : t('state.loading')}>
            {t('action.save')}
          </Button>
        </>
      }
    >
      <View query={query}>{(tenant) => <EditTenant key={tenant.id} tenant={tenant} onDone={close} />}</View>
    </Sheet>
  );
}

function EditTenant({ tenant, onDone }: { tenant: Tenant; onDone: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<'suspend' | 'delete' | null>(null);
  const path = { tenant: tenant.id };
  const save = useAction({
    quiet: true,
    stale: stale.tenants,
    success: t('saved'),
    run: (body: { name: string; slug: string; host: string | null }) => unwrap(api.PATCH('/api/v1/tenants/{tenant}', { params: { path }, body })),
  });
  const form = useForm({
    initial: { name: tenant.name, slug: tenant.slug, host: tenant.host ?? '' },
    send: (values) => save.mutateAsync({ name: values.name, slug: values.slug, host: text(values.host) }),
    done: onDone,
  });
  const suspend = useAction({ stale: stale.tenants, success: t('tenants.suspended'), undo: () => unwrap(api.POST('/api/v1/tenants/{tenant}/activate', { params: { path } })), run: () => unwrap(api.POST('/api/v1/tenants/{tenant}/suspend', { params: { path } })) });
  const activate = useAction({ stale: stale.tenants, success: t('tenants.activated'), run: () => unwrap(api.POST('/api/v1/tenants/{tenant}/activate', { params: { path } })) });
  const remove = useAction({ stale: stale.tenants, deletes: path, success: t('tenants.deleted'), run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}', { params: { path } })) });
  return (
    <div className="flex flex-col gap-8">
      <FormBody form={form} id="edit-tenant">
        <TextField form={form} name="name" required label={t('tenants.name')} maxLength={100} />
        <TextField form={form} name="slug" required label={t('tenants.slug')} hint={t('tenants.slugHint', { example: `${location.origin}/at/${form.values.slug}` })} spellCheck={false} />
        <TextField form={form} name="host" optional label={t('tenants.host')} hint={t('tenants.hostHint')} spellCheck={false} />
      </FormBody>
      <div className="flex flex-wrap gap-2">
        <LinkButton to={paths.tenant(tenant.id).brand}>{t('tenants.openBrand')}</LinkButton>
        <LinkButton to={paths.tenant(tenant.id).home}>{t('tenants.open')}</LinkButton>
      </div>
      <EngineCard tenant={tenant} />
      <Card title={t('danger.title')}>
        <div className="flex flex-wrap gap-2">
          {tenant.status === 'active' ? (
            <Button variant="danger-quiet" disabledReason={tenant.builtin && t('tenants.builtinReason')} onClick={() => setAsking('suspend')}>
              {t('action.suspend')}
            </Button>
          ) : (
            <Button loading={activate.isPending} onClick={() => activate.mutate(undefined)}>
              {t('action.activate')}
            </Button>
          )}
          <Button variant="danger-quiet" disabledReason={tenant.builtin && t('tenants.builtinReason')} onClick={() => setAsking('delete')}>
            {t('action.delete')}
          </Button>
        </div>
      </Card>
      {asking === 'suspend' && (
        <ConfirmDialog title={t('tenants.suspendTitle', { name: tenant.name })} action={t('action.suspend')} onClose={() => setAsking(null)} onConfirm={() => suspend.mutateAsync(undefined)}>
          {t('tenants.suspendText')}
        </ConfirmDialog>
      )}
      {asking === 'delete' && (
        <ConfirmDialog title={t('tenants.deleteTitle', { name: tenant.name })} word={tenant.slug} action={t('action.delete')} onClose={() => setAsking(null)} onConfirm={() => remove.mutateAsync(undefined).then(onDone)}>
          {t('tenants.deleteText')}
        </ConfirmDialog>
      )}
    </div>
  );
}

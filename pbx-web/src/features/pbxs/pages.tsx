import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Plus, Server } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Pbx } from '@/api/types';
import { useStanding } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { FormBody, SelectField, TextField, useForm } from '@/features/shared/form';
import { List, useList } from '@/features/shared/list';
import { zoneOptions } from '@/features/shared/options';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Button, LinkButton } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { Card, PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';

export function PbxsPage() {
  const { t } = useTranslation();
  useTitle(t('pbxs.title'));
  const { tenant, customer } = usePlace();
  const here = paths.customer(tenant, customer);
  const { may } = useStanding({ tenant, customer });
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const list = useList(['name', 'realm', 'created_at'], 'name');
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs', { params: { path: { tenant, customer }, query: list.query } }), placeholderData: keepPreviousData });
  const create = (
    <LinkButton variant="primary" icon={Plus} disabledReason={may('customer_admin') ? undefined : t('forbidden.needsAdmin')} to={{ pathname: here.newPbx, search }}>
      {t('pbxs.new')}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t('pbxs.title')} actions={create}>
        {t('pbxs.text')}
      </PageHeader>
      <List<Pbx>
        list={list}
        query={query}
        label={t('pbxs.title')}
        searchLabel={t('pbxs.search')}
        rowKey={(pbx) => pbx.id}
        rowLink={(pbx) => here.pbx(pbx.id).extensions}
        {...(may('customer_admin')
          ? {
              rowActions: (pbx: Pbx) => (
                <LinkButton size="sm" variant="ghost" to={here.pbx(pbx.id).settings} aria-label={t('pbxs.settingsNamed', { name: pbx.name })}>
                  {t('nav.settings')}
                </LinkButton>
              ),
            }
          : {})}
        columns={[
          { key: 'name', header: t('field.name'), sort: 'name', cell: (pbx) => pbx.name },
          { key: 'realm', header: t('pbxs.realm'), sort: 'realm', cell: (pbx) => <span className="break-all text-mute">{pbx.realm}</span> },
          { key: 'extensions', header: t('nav.extensions'), align: 'right', cell: (pbx) => pbx.extensions },
          { key: 'created', header: t('field.created'), sort: 'created_at', align: 'right', from: 'lg', tableOnly: true, cell: (pbx) => <Time at={pbx.created_at} /> },
        ]}
        empty={
          <EmptyState icon={Server} title={t('pbxs.emptyTitle')} action={create}>
            {t('pbxs.emptyText')}
          </EmptyState>
        }
      />
      {pathname === here.newPbx && <NewPbxSheet onClose={() => void navigate({ pathname: here.pbxs, search })} />}
    </>
  );
}

function NewPbxSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const navigate = useNavigate();
  const create = useAction({
    quiet: true,
    stale: stale.pbx,
    success: (pbx: Pbx) => t('pbxs.created', { name: pbx.name }),
    run: (body: { name: string; realm: string | null; time_zone: string }) =>
      unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs', { params: { path: { tenant, customer }, header: { 'Idempotency-Key': idempotencyKey('pbx', body) } }, body })),
  });
  const form = useForm({
    initial: { name: '', realm: '', time_zone: 'Europe/Stockholm' },
    check: (values) => ({
      ...(values.name.trim() ? {} : { name: t('form.required') }),
    }),
    send: async (values) => {
      const pbx = await create.mutateAsync({ ...values, realm: values.realm.trim() || null });
      setMade(pbx.id);
    },
  });
  const [made, setMade] = useState<string | null>(null);
  if (made) {
    return (
      <Sheet title={t('pbxs.madeTitle')} onClose={onClose} footer={<Button onClick={onClose}>{t('action.close')}</Button>}>
        <EmptyState
          icon={Server}
          title={t('pbxs.nextTitle')}
          action={
            <Button variant="primary" icon={Plus} data-autofocus onClick={() => void navigate(paths.customer(tenant, customer).pbx(made).newExtension)}>
              {t('extensions.new')}
            </Button>
          }
        >
          {t('pbxs.nextText')}
        </EmptyState>
      </Sheet>
    );
  }
  return (
    <Sheet
      title={t('pbxs.new')}
      description={t('pbxs.newText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-pbx" variant="primary" loading={form.submitting}>
            {t('pbxs.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-pbx">
        <TextField form={form} name="name" required label={t('field.name')} placeholder={t('pbxs.namePlaceholder')} maxLength={100} />
        <TextField form={form} name="realm" optional label={t('pbxs.realm')} hint={t('pbxs.realmHint')} spellCheck={false} autoCapitalize="none" map={(value) => value.toLowerCase()} />
        <SelectField form={form} name="time_zone" label={t('field.timeZone')} options={zoneOptions(form.values.time_zone)} />
      </FormBody>
    </Sheet>
  );
}

export function PbxSettingsPage() {
  const { t } = useTranslation();
  useTitle(t('pbxs.settings'));
  const { tenant, customer, pbx } = usePlace();
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}', { params: { path: { tenant, customer, pbx } } }));
  return (
    <>
      <PageHeader title={t('pbxs.settings')}>{query.data?.realm}</PageHeader>
      <View query={query}>{(data) => <PbxForm key={data.id} pbx={data} />}</View>
    </>
  );
}

function PbxForm({ pbx }: { pbx: Pbx }) {
  const { t } = useTranslation();
  const { tenant = '', customer = '' } = useParams();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const path = { tenant, customer, pbx: pbx.id };
  const save = useAction({
    quiet: true,
    stale: stale.pbx,
    success: t('saved'),
    run: (body: { name: string; time_zone: string }) => unwrap(api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}', { params: { path }, body })),
  });
  const remove = useAction({ stale: stale.pbx, success: t('pbxs.deleted'), run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}', { params: { path } })) });
  const form = useForm({
    initial: { name: pbx.name, time_zone: pbx.time_zone },
    check: (values) => (values.name.trim() ? {} : { name: t('form.required') }),
    send: (values) => save.mutateAsync(values),
  });
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <Card>
        <FormBody form={form} id="pbx">
          <TextField form={form} name="name" required label={t('field.name')} maxLength={100} />
          <Field label={t('pbxs.realm')} hint={t('pbxs.realmFixed')}>
            {(field) => <Input {...field} value={pbx.realm} readOnly disabled />}
          </Field>
          <SelectField form={form} name="time_zone" label={t('field.timeZone')} options={zoneOptions(form.values.time_zone)} />
          <div className="flex justify-end">
            <Button type="submit" variant="primary" loading={form.submitting}>
              {t('action.save')}
            </Button>
          </div>
        </FormBody>
      </Card>
      <Card title={t('danger.delete')} description={t('pbxs.deleteHint')}>
        <Button variant="danger-quiet" onClick={() => setAsking(true)}>
          {t('pbxs.delete')}
        </Button>
      </Card>
      {asking && (
        <ConfirmDialog
          title={t('pbxs.deleteTitle', { name: pbx.name })}
          word={pbx.name}
          action={t('action.delete')}
          onClose={() => setAsking(false)}
          onConfirm={() => remove.mutateAsync(undefined).then(() => navigate(paths.customer(tenant, customer).pbxs))}
        >
          {t('pbxs.deleteText', { extensions: pbx.extensions })}
        </ConfirmDialog>
      )}
    </div>
  );
}

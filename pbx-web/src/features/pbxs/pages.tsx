import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Plus, Server } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';
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
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Button, LinkButton } from '@/ui/button';
import { Sheet } from '@/ui/dialog';
import { PageHeader } from '@/ui/page';
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

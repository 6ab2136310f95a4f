import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Hash, Plus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Destination, PhoneNumber } from '@/api/types';
import { DestinationField, destinationOf } from '@/features/extensions/pickers';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm, type Form } from '@/features/shared/form';
import { List, useList } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Button, LinkButton } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Field, Select } from '@/ui/field';
import { Card, PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';

export function NumbersPage() {
  const { t } = useTranslation();
  useTitle(t('numbers.title'));
  const { tenant, customer } = usePlace();
  const base = paths.customer(tenant, customer).numbers;
  const { number } = useParams();
  const { search } = useLocation();
  const navigate = useNavigate();
  const list = useList(['e164', 'label', 'created_at'], 'e164');
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/numbers', { params: { path: { tenant, customer }, query: list.query } }), placeholderData: keepPreviousData });
  const close = () => void navigate({ pathname: base, search });
  const create = (
    <LinkButton variant="primary" icon={Plus} to={{ pathname: `${base}/new`, search }}>
      {t('numbers.new')}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t('numbers.title')} actions={create}>
        {t('numbers.text')}
      </PageHeader>
      <List<PhoneNumber>
        list={list}
        query={query}
        label={t('numbers.title')}
        searchLabel={t('numbers.search')}
        rowKey={(row) => row.id}
        rowLink={(row) => `${base}/${row.id}${search}`}
        columns={[
          { key: 'number', header: t('numbers.number'), sort: 'e164', cell: (row) => <span className="tabular">{row.national}</span> },
          { key: 'label', header: t('numbers.label'), sort: 'label', cell: (row) => row.label ?? <span className="text-mute">–</span> },
          {
            key: 'leads',
            header: t('numbers.leadsTo'),
            cell: (row) => <LeadsTo number={row} />,
          },
          { key: 'created', header: t('field.created'), sort: 'created_at', align: 'right', from: 'lg', tableOnly: true, cell: (row) => <Time at={row.created_at} /> },
        ]}
        empty={
          <EmptyState icon={Hash} title={t('numbers.emptyTitle')} action={create}>
            {t('numbers.emptyText')}
          </EmptyState>
        }
      />
      {number === 'new' && <NewNumberSheet onClose={close} />}
      {number && number !== 'new' && <NumberSheet key={number} id={number} onClose={close} />}
    </>
  );
}

function LeadsTo({ number }: { number: PhoneNumber }) {
  const { t } = useTranslation();
  const { destination, destination_name: name, extension_number: extension } = number;
  switch (destination.kind) {
    case 'nowhere':
      return <span className="text-mute">{t('numbers.nowhere')}</span>;
    case 'extension':
      return (
        <span>
          <span className="tabular">{extension}</span> {name}
        </span>
      );
    case 'ivr':
      return (
        <span>
          {t('kind.ivr')} {name}
        </span>
      );
    case 'voicemail':
      return (
        <span>
          {t('kind.voicemail')} {extension} {name}
        </span>
      );
    case 'outside':
      return <span className="tabular">{destination.number}</span>;
    case 'hangup':
      return <span className="text-mute">{t('destination.hangup')}</span>;
  }
}

interface Values {
  number: string;
  label: string;
  pbx: string;
  destination: Destination | null;
}

const target = (values: Values) => ({ label: values.label.trim() || null, pbx: values.pbx || null, destination: (values.pbx ? destinationOf(values.destination) : null) ?? { kind: 'nowhere' as const } });

function Fields({ form, fixed }: { form: Form<Values>; fixed: boolean }) {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const pbx = form.values.pbx;
  const pbxs = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs', { params: { path: { tenant, customer }, query: { sort: 'name', limit: 200, offset: 0 } } }));
  return (
    <>
      {!fixed && <TextField form={form} name="number" required label={t('numbers.number')} hint={t('numbers.numberHint')} inputMode="tel" placeholder="08-123 45 67" />}
      <TextField form={form} name="label" optional label={t('numbers.label')} placeholder={t('numbers.labelPlaceholder')} maxLength={100} />
      <Field label={t('numbers.pbx')} error={form.errors.pbx}>
        {(field) => (
          <Select {...field} value={pbx} onChange={(event) => {
              form.set('pbx', event.target.value);
              form.set('destination', null);
            }}>
            <option value="">{t('numbers.nowhere')}</option>
            {(pbxs.data?.items ?? []).map((row) => (
              <option key={row.id} value={row.id}>
                {row.name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {pbx && <DestinationField pbx={pbx} label={t('numbers.leadsTo')} hint={t('numbers.rulesFirst')} none={t('numbers.nowhere')} value={form.values.destination} error={form.errors.destination} onChange={(destination) => form.set('destination', destination)} />}
    </>
  );
}

function NewNumberSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const create = useAction({
    quiet: true,
    stale: stale.pbx,
    success: (made: PhoneNumber) => t('numbers.created', { number: made.national }),
    run: (values: Values) => {
      const body = { number: values.number.trim(), ...target(values) };
      return unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/numbers', { params: { path: { tenant, customer }, header: { 'Idempotency-Key': idempotencyKey(`number ${customer}`, body) } }, body }));
    },
  });
  const form = useForm<Values>({
    initial: { number: '', label: '', pbx: '', destination: null },
    check: (values) => (values.number.trim() ? {} : { number: t('form.required') }),
    send: (values) => create.mutateAsync(values),
    done: onClose,
  });
  return (
    <Sheet
      title={t('numbers.new')}
      description={t('numbers.newText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-number" variant="primary" loading={form.submitting}>
            {t('numbers.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-number">
        <Fields form={form} fixed={false} />
      </FormBody>
    </Sheet>
  );
}

function NumberSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/numbers/{number}', { params: { path: { tenant, customer, number: id } } }));
  return (
    <Sheet
      title={query.data?.national ?? t('numbers.one')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="number" variant="primary" disabledReason={query.data ? undefined : t('state.loading')}>
            {t('action.save')}
          </Button>
        </>
      }
    >
      <View query={query}>{(found) => <EditNumber key={found.id} number={found} onDone={onClose} />}</View>
    </Sheet>
  );
}

function EditNumber({ number, onDone }: { number: PhoneNumber; onDone: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const [asking, setAsking] = useState(false);
  const path = { tenant, customer, number: number.id };
  const save = useAction({ quiet: true, stale: stale.pbx, success: t('saved'), run: (values: Values) => unwrap(api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/numbers/{number}', { params: { path }, body: target(values) })) });
  const remove = useAction({
    stale: stale.pbx,
    deletes: path,
    success: t('numbers.deleted'),
    run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/numbers/{number}', { params: { path } })),
    undo: async () => {
      const body = { number: number.number, label: number.label ?? null, pbx: number.pbx ?? null, destination: number.destination };
      await unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/numbers', { params: { path: { tenant, customer } }, body }));
      toast.good(t('numbers.restored'));
    },
  });
  const form = useForm<Values>({
    initial: { number: number.number, label: number.label ?? '', pbx: number.pbx ?? '', destination: number.destination },
    send: (values) => save.mutateAsync(values),
    done: onDone,
  });
  return (
    <div className="flex flex-col gap-8">
      <FormBody form={form} id="number">
        <Fields form={form} fixed />
      </FormBody>
      <Card title={t('danger.delete')}>
        <Button variant="danger-quiet" onClick={() => setAsking(true)}>
          {t('numbers.delete')}
        </Button>
      </Card>
      {asking && (
        <ConfirmDialog title={t('numbers.deleteTitle', { number: number.national })} action={t('action.delete')} onClose={() => setAsking(false)} onConfirm={() => remove.mutateAsync(undefined).then(onDone)}>
          {t('numbers.deleteText')}
        </ConfirmDialog>
      )}
    </div>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, below, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { LiveCall } from '@/api/types';
import { useAccount } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { FormBody, SelectField, useForm } from '@/features/shared/form';
import { usePlace } from '@/features/shared/place';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';

const LIVE = '/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live';
/** More than any company of the size that this is for has in one PBX. */
const ALL = { sort: 'number', limit: 200, offset: 0 } as const;

const named = (party: LiveCall['from']) => party.name ?? party.extension ?? party.number;

function useExtensions(search: string) {
  const { tenant, customer, pbx } = usePlace();
  return useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions', { params: { path: { tenant, customer, pbx }, query: { ...ALL, ...(search ? { search } : {}) } } }));
}

/** Sends one side of a call to an extension, or to any number that is typed. */
export function TransferDialog({ call, onClose }: { call: LiveCall; onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const [search, setSearch] = useState('');
  const query = useExtensions(search);
  const send = useAction({
    quiet: true,
    success: t('live.transferred'),
    stale: below(LIVE),
    run: (body: { to: string; side: 'caller' | 'callee' }) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/transfer', { params: { path: { tenant, customer, pbx, call: call.id } }, body })),
  });
  const form = useForm<{ to: string; side: 'caller' | 'callee' }>({
    initial: { to: '', side: 'caller' },
    check: (values) => (values.to ? {} : { to: t('form.required') }),
    send: (values) => send.mutateAsync(values),
    done: onClose,
  });
  const options = (query.data?.items ?? []).map((row) => ({ value: row.number, label: `${row.number} ${row.name}`, hint: t(`kind.${row.kind}`) }));
  const typed = [search.trim(), form.values.to].filter((text) => /^[+\d][\d\s()-]{2,}$/.test(text) && !options.some((option) => option.value === text));
  const all = [...options, ...[...new Set(typed)].map((number) => ({ value: number, label: number, hint: t('live.anyNumber') }))];
  return (
    <Dialog
      title={t('live.transferTitle')}
      description={call.state === 'connected' ? t('live.transferText') : t('live.transferWaitingText', { from: named(call.from) })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="transfer" variant="primary" loading={form.submitting}>
            {t('live.transferDo')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="transfer" guard={false}>
        <Field label={t('live.destination')} hint={t('live.destinationHint')} error={form.errors.to} required>
          {(field) => <Combobox field={field} value={form.values.to || null} options={all} placeholder={t('live.destinationChoose')} emptyText={query.isPending ? t('state.loading') : t('table.nothingFound')} onSearch={setSearch} onChange={(to) => form.set('to', to ?? '')} />}
        </Field>
        {call.state === 'connected' && (
          <SelectField
            form={form}
            name="side"
            label={t('live.side')}
            options={[
              { value: 'caller', label: t('live.sideCaller', { name: named(call.from) }) },
              { value: 'callee', label: t('live.sideCallee', { name: named(call.to) }) },
            ]}
          />
        )}
      </FormBody>
    </Dialog>
  );
}

type Side = 'caller' | 'callee';

/** Who can be parked: two talk, and the other one is an extension, to which the call can go back. */
export function parkable(call: LiveCall): Side[] {
  if (call.state !== 'connected') return [];
  return [...(call.to.extension === null ? [] : ['caller' as const]), ...(call.from.extension === null ? [] : ['callee' as const])];
}

/** Lets one side of a call wait until somebody dials its slot. */
export function ParkDialog({ call, onClose }: { call: LiveCall; onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const park = useAction({
    quiet: true,
    success: ({ slot }: { slot: string }) => t('live.parkedAt', { slot }),
    stale: below(LIVE),
    run: (body: { side: Side }) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/park', { params: { path: { tenant, customer, pbx, call: call.id } }, body })),
  });
  // What can be chosen is what could be when it was asked for.
  const [sides] = useState(() => parkable(call));
  const form = useForm<{ side: Side }>({
    // Whoever calls from outside is who waits.
    initial: { side: sides[0] ?? 'caller' },
    check: () => ({}),
    send: (values) => park.mutateAsync(values),
    done: onClose,
  });
  const labels = { caller: t('live.sideCaller', { name: named(call.from) }), callee: t('live.sideCallee', { name: named(call.to) }) };
  return (
    <Dialog
      title={t('live.parkTitle')}
      description={t('live.parkText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="park" variant="primary" loading={form.submitting}>
            {t('live.parkDo')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="park" guard={false}>
        <SelectField form={form} name="side" label={t('live.parkSide')} options={sides.map((side) => ({ value: side, label: labels[side] }))} />
      </FormBody>
    </Dialog>
  );
}

/** Lets the phones of whoever may listen ring; one's own are suggested. */
export function ListenDialog({ call, onClose }: { call: LiveCall; onClose: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const { memberships } = useAccount();
  const [search, setSearch] = useState('');
  const query = useExtensions(search);
  const listen = useAction({
    quiet: true,
    success: t('live.phoneRings'),
    run: (body: { extension: string; mode: 'listen' | 'whisper' | 'join' }) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/listen', { params: { path: { tenant, customer, pbx, call: call.id } }, body })),
  });
  const form = useForm<{ extension: string; mode: 'listen' | 'whisper' | 'join' }>({
    initial: { extension: '', mode: 'listen' },
    check: (values) => (values.extension ? {} : { extension: t('form.required') }),
    send: (values) => listen.mutateAsync(values),
    done: onClose,
  });
  const may = (query.data?.items ?? []).filter((row) => row.settings.kind === 'user' && row.settings.may_listen);
  const mine = new Set(memberships.map((membership) => membership.user));
  const own = may.find((row) => row.user && mine.has(row.user))?.number;
  const { set } = form;
  const suggested = form.values.extension === '' && search === '' ? own : undefined;
  useEffect(() => {
    if (suggested) set('extension', suggested);
    // Once, when it is known.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [suggested]);
  const options = may.map((row) => ({ value: row.number, label: `${row.number} ${row.name}` }));
  return (
    <Dialog
      title={t('live.listenTitle')}
      description={t('live.listenText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="listen" variant="primary" loading={form.submitting}>
            {t('live.listenDo')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="listen" guard={false}>
        <Field label={t('live.listener')} hint={t('live.listenerHint')} error={form.errors.extension} required>
          {(field) => <Combobox field={field} value={form.values.extension || null} options={options} placeholder={t('numbers.chooseExtension')} emptyText={query.isPending ? t('state.loading') : t('live.nobodyMay')} onSearch={setSearch} onChange={(to) => form.set('extension', to ?? '')} />}
        </Field>
        <SelectField
          form={form}
          name="mode"
          label={t('live.mode')}
          options={[
            { value: 'listen', label: t('live.modes.listen') },
            { value: 'whisper', label: t('live.modes.whisper') },
            { value: 'join', label: t('live.modes.join') },
          ]}
        />
      </FormBody>
    </Dialog>
  );
}

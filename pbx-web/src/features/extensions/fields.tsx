import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import type { Extension } from '@/api/types';
import { SelectField, TextField, type Form } from '@/features/shared/form';
import { usePlace } from '@/features/shared/place';
import { Combobox } from '@/ui/combobox';
import { Choice, Field, Switch } from '@/ui/field';
import { AudioPicker, DestinationField, ExtensionPicker, FlowPicker, MembersField, NumberPicker, PromptField } from './pickers';
import { KINDS, RANGES, STRATEGIES, whole, type Values } from './settings';

export function useCheck() {
  const { t } = useTranslation();
  return (values: Values): Partial<Record<keyof Values, string>> => {
    const faults: Partial<Record<keyof Values, string>> = {};
    if (!/^[1-9]\d{1,5}$/.test(values.number.trim())) faults.number = t('extensions.numberRule');
    if (!values.name.trim()) faults.name = t('form.required');
    for (const [name, range] of Object.entries(RANGES) as [keyof Values, NonNullable<(typeof RANGES)[keyof Values]>][]) {
      if (!range.kinds.includes(values.kind) || (range.when && !range.when(values))) continue;
      const value = whole(values[name] as string);
      if (!(value >= range.from && value <= range.to)) faults[name] = t('extensions.range', { from: range.from, to: range.to });
    }
    if (values.pin.trim() && !/^\d{4,8}$/.test(values.pin.trim())) faults.pin = t('extensions.pinRule');
    if (values.kind === 'ivr' && !values.flow) faults.flow = t('form.required');
    if (values.kind === 'voicemail' && !values.target) faults.target = t('form.required');
    if (values.kind === 'external' && !values.outside.trim()) faults.outside = t('form.required');
    return faults;
  };
}

/** A part of the form under a heading of its own. */
function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="flex flex-col gap-5 border-t border-line pt-5">
      <legend className="sr-only">{title}</legend>
      <h3 aria-hidden className="text-base font-semibold">
        {title}
      </h3>
      {children}
    </fieldset>
  );
}

export function Fields({ form, current }: { form: Form<Values>; current?: Extension }) {
  const { t } = useTranslation();
  const { kind } = form.values;
  return (
    <>
      {!current && <Choice legend={t('extensions.kind')} columns="sm:grid-cols-2" value={kind} options={KINDS.map((value) => ({ value, label: t(`kind.${value}`), hint: t(`kindText.${value}`) }))} onChange={(next) => form.set('kind', next)} />}
      <div className="grid gap-5 sm:grid-cols-[9rem_1fr]">
        <TextField form={form} name="number" required label={t('extensions.number')} inputMode="numeric" placeholder="1000" className="tabular" />
        <TextField form={form} name="name" required label={t('field.name')} placeholder={kind === 'user' ? t('extensions.namePlaceholder') : t(`kind.${kind}`)} maxLength={100} />
      </div>
      {kind === 'user' && <PersonFields form={form} {...(current ? { current } : {})} />}
      {(kind === 'hunt_group' || kind === 'queue') && <GroupFields form={form} own={current?.id ?? null} />}
      {kind === 'ivr' && <FlowPicker label={t('kind.ivr')} error={form.errors.flow} value={form.values.flow} onChange={(flow) => form.set('flow', flow)} />}
      {kind === 'conference' && (
        <>
          <TextField form={form} name="max_members" label={t('extensions.maxMembers')} inputMode="numeric" className="max-w-64" />
          <PinField form={form} set={current?.settings.kind === 'conference' && current.settings.pin_set} />
        </>
      )}
      {kind === 'voicemail' && <ExtensionPicker label={t('messages.mailbox')} kinds={['user']} error={form.errors.target} value={form.values.target} onChange={(target) => form.set('target', target)} />}
      {kind === 'external' && <TextField form={form} name="outside" required label={t('numbers.number')} inputMode="tel" placeholder="070-123 45 67" />}
      {(kind === 'user' || kind === 'hunt_group' || kind === 'queue') && (
        <Part title={t('recordings.title')}>
          <Switch label={t('extensions.record')} hint={t('extensions.recordHint')} checked={form.values.recorded} onChange={(on) => form.set('recorded', on)} />
          {form.values.recorded && <PromptField label={t('extensions.notice')} hint={t('extensions.noticeHint')} none={t('extensions.noNotice')} value={form.values.notice} onChange={(notice) => form.set('notice', notice)} />}
        </Part>
      )}
    </>
  );
}

function PersonFields({ form, current }: { form: Form<Values>; current?: Extension }) {
  const { t } = useTranslation();
  const { tenant, customer } = usePlace();
  const [search, setSearch] = useState('');
  const people = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/users', { params: { path: { tenant, customer }, query: { ...(search ? { search } : {}), sort: 'name', limit: 50, offset: 0 } } }));
  const options = (people.data?.items ?? []).map((user) => ({ value: user.id, label: user.name, hint: user.extension && user.extension.id !== current?.id ? t('extensions.has', { number: user.extension.number }) : user.email }));
  if (current?.user && !options.some((option) => option.value === current.user)) options.unshift({ value: current.user, label: current.user_name ?? '', hint: '' });
  const without = current ? [current.id] : [];
  const forwards = [
    { name: 'always', label: t('forwarding.always'), none: t('forwarding.rings') },
    { name: 'busy', label: t('forwarding.busy'), none: t('forwarding.usual') },
    { name: 'no_answer', label: t('forwarding.noAnswer'), none: t('forwarding.usual') },
    { name: 'offline', label: t('forwarding.offline'), none: t('forwarding.usual') },
  ] as const;
  return (
    <>
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
      <Switch label={t('extensions.doNotDisturb')} hint={t('extensions.doNotDisturbHint')} checked={form.values.do_not_disturb} onChange={(on) => form.set('do_not_disturb', on)} />
      <NumberPicker label={t('extensions.callerId')} none={t('extensions.usualNumber')} value={form.values.caller_id} onChange={(number) => form.set('caller_id', number)} />
      <Switch label={t('extensions.mayListen')} hint={t('extensions.mayListenHint')} checked={form.values.may_listen} onChange={(on) => form.set('may_listen', on)} />
      <Part title={t('forwarding.title')}>
        {forwards.map(({ name, label, none }) => (
          <DestinationField key={name} label={label} none={none} without={without} kinds={['extension', 'voicemail', 'outside']} value={form.values[name]} onChange={(to) => form.set(name, to)} />
        ))}
      </Part>
      <Part title={t('messages.title')}>
        <Switch label={t('extensions.mailbox')} hint={t('extensions.mailboxHint')} checked={form.values.mailbox} onChange={(on) => form.set('mailbox', on)} />
        {form.values.mailbox && (
          <>
            <PromptField label={t('extensions.greeting')} none={t('extensions.usualGreeting')} value={form.values.greeting} onChange={(greeting) => form.set('greeting', greeting)} />
            <TextField form={form} name="longest_seconds" label={t('extensions.longest')} hint={t('extensions.longestHint')} inputMode="numeric" className="max-w-64" />
            <PinField form={form} set={current?.settings.kind === 'user' && Boolean(current.settings.mailbox?.pin_set)} />
          </>
        )}
      </Part>
    </>
  );
}

function GroupFields({ form, own }: { form: Form<Values>; own: string | null }) {
  const { t } = useTranslation();
  const queue = form.values.kind === 'queue';
  return (
    <>
      <SelectField form={form} name="strategy" label={t('extensions.strategy')} options={(queue ? STRATEGIES : STRATEGIES.slice(0, 3)).map((value) => ({ value, label: t(`strategy.${value}`) }))} />
      <TextField form={form} name="ring_seconds" label={t('extensions.memberRings')} hint={t('extensions.memberRingsHint')} inputMode="numeric" className="max-w-64" />
      <Part title={t('members.title')}>
        <MembersField members={form.values.members} own={own} tiers onChange={(members) => form.set('members', members)} />
      </Part>
      {queue && (
        <Part title={t('extensions.waiting')}>
          <PromptField label={t('extensions.queueGreeting')} none={t('extensions.noGreeting')} value={form.values.greeting} onChange={(greeting) => form.set('greeting', greeting)} />
          <AudioPicker label={t('extensions.music')} value={form.values.music} onChange={(music) => form.set('music', music)} />
          <Switch label={t('extensions.announce')} hint={t('extensions.announceHint')} checked={form.values.announce} onChange={(on) => form.set('announce', on)} />
          <div className="grid gap-5 sm:grid-cols-2">
            {form.values.announce && <TextField form={form} name="announce_seconds" label={t('extensions.announceEvery')} inputMode="numeric" />}
            <TextField form={form} name="max_wait_seconds" label={t('extensions.maxWait')} inputMode="numeric" />
            <TextField form={form} name="max_callers" label={t('extensions.maxCallers')} inputMode="numeric" />
            <TextField form={form} name="wrap_up_seconds" label={t('extensions.wrapUp')} inputMode="numeric" />
          </div>
        </Part>
      )}
      <DestinationField label={queue ? t('extensions.overflow') : t('extensions.failed')} none={t('destination.hangup')} without={own ? [own] : []} kinds={['extension', 'ivr', 'voicemail', 'outside']} value={form.values.failed} onChange={(to) => form.set('failed', to)} />
    </>
  );
}

function PinField({ form, set }: { form: Form<Values>; set: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      <TextField form={form} name="pin" password optional label={t('extensions.pin')} hint={set ? t('extensions.pinKept') : t('extensions.pinHint')} inputMode="numeric" autoComplete="off" className="max-w-64" />
      {set && !form.values.pin && <Switch label={t('extensions.noPin')} checked={form.values.no_pin} onChange={(on) => form.set('no_pin', on)} />}
    </>
  );
}

import { BellOff, PhoneForwarded, PhoneIncoming, PhoneOff, type LucideIcon } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Destination } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { FormBody, useForm, type Form } from '@/features/shared/form';
import { stale } from '@/features/shared/stale';
import { cx } from '@/lib/cx';
import { useTitle } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Field, Input, Select, Switch } from '@/ui/field';
import { Card, PageHeader } from '@/ui/page';
import { MyExtensions, useColleagues, useExtensionTitle, useMyExtensions, type OwnExtension } from './extensions';
import { useNowSentences } from './now';

const CASES = ['always', 'busy', 'no_answer', 'offline'] as const;
type Case = (typeof CASES)[number];
type Values = Record<Case, Destination | null>;

/** Where calls go when they do not ring here. */
export function ForwardingPage() {
  const { t } = useTranslation();
  useTitle(t('me.forward.title'));
  const query = useMyExtensions();
  return (
    <>
      <PageHeader title={t('me.forward.title')}>{t('me.forward.text')}</PageHeader>
      <MyExtensions query={query}>{(items) => <Extensions items={items} />}</MyExtensions>
    </>
  );
}

function Extensions({ items }: { items: OwnExtension[] }) {
  const titled = useExtensionTitle(items);
  return (
    <div className="flex max-w-3xl flex-col gap-8">
      {items.map((item) => (
        <section key={item.extension.id} aria-label={titled(item).title} className="flex flex-col gap-4">
          {items.length > 1 && (
            <h2 className="text-base font-semibold">
              {titled(item).title} <span className="font-normal text-mute">{titled(item).description}</span>
            </h2>
          )}
          <NowCard item={item} />
          <ForwardingCard item={item} />
        </section>
      ))}
    </div>
  );
}

/** What happens to a call that comes now, and the switch that makes everything silent. */
export function NowCard({ item }: { item: OwnExtension }) {
  const { t } = useTranslation();
  const { id, settings, phones_online } = item.extension;
  const sentences = useNowSentences(item);
  const silence = useAction({
    stale: stale.me,
    success: (_, on: boolean) => (on ? t('me.forward.dndOn') : t('me.forward.dndOff')),
    run: (on: boolean) => unwrap(api.PATCH('/api/v1/me/extensions/{extension}', { params: { path: { extension: id } }, body: { do_not_disturb: on } })),
  });
  const silent = silence.isPending ? silence.variables : settings.do_not_disturb;
  const always = settings.forwarding.always && settings.forwarding.always.kind !== 'nowhere';
  const [Icon, look]: [LucideIcon, string] = always ? [PhoneForwarded, 'bg-warn-soft text-warn'] : silent ? [BellOff, 'bg-warn-soft text-warn'] : phones_online === 0 ? [PhoneOff, 'bg-sunken text-mute'] : [PhoneIncoming, 'bg-good-soft text-good'];
  const [first, ...rest] = sentences;
  return (
    <Card>
      <div className="flex items-start gap-4">
        <span aria-hidden className={cx('flex size-10 shrink-0 items-center justify-center rounded-xl', look)}>
          <Icon className="size-5" />
        </span>
        <div role="status" className="min-w-0 flex-1">
          <p className="text-xs font-medium text-mute">{t('me.now.title')}</p>
          <p className="mt-0.5 text-base font-medium text-pretty">{first}</p>
          {rest.length > 0 && <p className="mt-0.5 text-sm text-pretty text-mute">{rest.join(' ')}</p>}
        </div>
      </div>
      <div className="mt-5 border-t border-line pt-4">
        <Switch label={t('me.forward.dnd')} hint={always ? t('me.forward.dndForwarded') : t('me.forward.dndHint')} checked={silent} onChange={(on) => silence.mutate(on)} />
      </div>
    </Card>
  );
}

function ForwardingCard({ item }: { item: OwnExtension }) {
  const { t } = useTranslation();
  const { id, settings } = item.extension;
  const { forwarding } = settings;
  const save = useAction({
    quiet: true,
    stale: stale.me,
    success: t('saved'),
    run: (values: Values) => unwrap(api.PATCH('/api/v1/me/extensions/{extension}', { params: { path: { extension: id } }, body: { forwarding: values } })),
  });
  const form = useForm<Values>({
    initial: { always: set(forwarding.always), busy: set(forwarding.busy), no_answer: set(forwarding.no_answer), offline: set(forwarding.offline) },
    names: Object.fromEntries(CASES.flatMap((name) => ['', '.number', '.extension', '.mailbox', '.outside.number'].map((end) => [`forwarding.${name}${end}`, name]))),
    check: (values) =>
      Object.fromEntries(
        CASES.map((name) => {
          const to = values[name];
          if (to?.kind === 'extension' && !to.extension) return [name, t('me.forward.needsColleague')];
          if (to?.kind === 'outside' && !to.number.trim()) return [name, t('me.forward.needsNumber')];
          if (to?.kind === 'outside' && !DIALLED.test(to.number.replace(/[\s()./-]/g, ''))) return [name, t('server.phone_number')];
          return [name, undefined];
        }),
      ),
    send: (values) => save.mutateAsync(values),
  });
  const shadowed = form.values.always !== null;
  return (
    <Card title={t('me.forward.rules')} description={t('me.forward.rulesText')}>
      <FormBody form={form} id={`forwarding-${id}`} className="flex flex-col gap-4">
        {CASES.map((name) => (
          <div key={name} className={cx(name !== 'always' && 'border-t border-line pt-4', shadowed && name !== 'always' && 'opacity-60')}>
            <CaseField form={form} name={name} item={item} />
          </div>
        ))}
        {shadowed && <p className="text-xs text-mute">{t('me.forward.shadowed')}</p>}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" loading={form.submitting}>
            {t('action.save')}
          </Button>
        </div>
      </FormBody>
    </Card>
  );
}

const set = (to: Destination | null | undefined): Destination | null => (to && to.kind !== 'nowhere' ? to : null);
/** What may be a number; whether it is one, the server knows. */
const DIALLED = /^\+?\d{5,15}$/;

type Pick = 'none' | 'extension' | 'outside' | 'voicemail' | 'other';

/** One case of a rule: a word of where, and then who or what number. */
function CaseField({ form, name, item }: { form: Form<Values>; name: Case; item: OwnExtension }) {
  const { t } = useTranslation();
  const { id, pbx, settings } = item.extension;
  const value = form.values[name];
  // What an administrator chose from a longer list stays on offer.
  const [kept] = useState(() => (value && pickOf(value, id) === 'other' ? value : null));
  const colleagues = useColleagues();
  const pick = value ? pickOf(value, id) : 'none';
  const mailbox = Boolean(settings.mailbox);
  const none = name === 'always' ? t('me.forward.none') : mailbox ? t('me.forward.toMailbox') : t('me.forward.ends');
  const change = (to: Pick) => {
    const next: Record<Pick, Destination | null> = { none: null, extension: { kind: 'extension', extension: '' }, outside: { kind: 'outside', number: '' }, voicemail: { kind: 'voicemail', mailbox: id }, other: kept };
    form.set(name, next[to]);
  };
  // What it is, for all but people.
  const kindOf = (kind: string): string => {
    const known = WORDS.find((word) => word === kind);
    return known ? t(`kind.${known}`) : '';
  };
  const options = (colleagues.data?.items ?? []).filter(({ extension, pbx: of }) => of === pbx && extension.id !== id).map(({ extension, kind }) => ({ value: extension.id, label: `${extension.number} ${extension.name}`, hint: kindOf(kind) }));
  const error = form.errors[name];
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Field label={t(`me.forward.${name}`)} hint={t(`me.forward.${name}Hint`)} error={pick === 'extension' || pick === 'outside' ? undefined : error}>
        {(field) => (
          <Select {...field} value={pick} onChange={(event) => change(event.target.value as Pick)}>
            <option value="none">{none}</option>
            <option value="extension">{t('me.forward.toColleague')}</option>
            <option value="outside">{t('me.forward.toNumber')}</option>
            {mailbox && (name === 'always' || pick === 'voicemail') && <option value="voicemail">{t('me.forward.toMailbox')}</option>}
            {kept && <option value="other">{t('me.forward.other')}</option>}
          </Select>
        )}
      </Field>
      {pick === 'extension' && value?.kind === 'extension' && (
        <Field label={t('me.forward.who')} error={error}>
          {(field) => (
            <Combobox
              field={field}
              value={value.extension || null}
              options={options}
              placeholder={t('me.forward.chooseColleague')}
              emptyText={colleagues.isPending ? t('state.loading') : colleagues.isError ? t('error.couldNotLoad') : t('me.forward.noColleagues')}
              onChange={(extension) => form.set(name, { kind: 'extension', extension: extension ?? '' })}
            />
          )}
        </Field>
      )}
      {pick === 'outside' && value?.kind === 'outside' && (
        <Field label={t('me.forward.number')} error={error}>
          {(field) => <Input {...field} type="tel" inputMode="tel" autoComplete="off" placeholder="070-123 45 67" value={value.number} onChange={(event) => form.set(name, { kind: 'outside', number: event.target.value })} />}
        </Field>
      )}
    </div>
  );
}

function pickOf(to: Destination, own: string): Pick {
  if (to.kind === 'extension' || to.kind === 'outside') return to.kind;
  return to.kind === 'voicemail' && to.mailbox === own ? 'voicemail' : 'other';
}

const WORDS = ['hunt_group', 'queue', 'ivr', 'conference', 'voicemail', 'external'] as const;

import { useQuery } from '@tanstack/react-query';
import { ArrowDown, ArrowUp, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import type { Destination, ExtensionType, Member, Prompt } from '@/api/types';
import { usePlace } from '@/features/shared/place';
import { IconButton } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Field, Input, Select, TextArea } from '@/ui/field';

/** More than any company of the size that this is for has in one PBX. */
const ALL = { sort: 'number', limit: 200, offset: 0 } as const;

function useExtensions(search = '', of?: string) {
  const place = usePlace();
  const { tenant, customer } = place;
  const pbx = of ?? place.pbx;
  return useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions', { params: { path: { tenant, customer, pbx }, query: { ...ALL, ...(search ? { search } : {}) } } }));
}

export function ExtensionPicker({ pbx, label, hint, error, value, kinds, without = [], optional = false, onChange }: {
  /** Another than the one in the address. */
  pbx?: string | undefined;
  label: string;
  hint?: string;
  error?: string | undefined;
  value: string | null;
  kinds?: ExtensionType[];
  /** Not offered: the extension itself, those that are chosen already. */
  without?: readonly string[];
  optional?: boolean;
  onChange: (value: string | null) => void;
}) {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const query = useExtensions(search, pbx);
  const options = (query.data?.items ?? []).filter((row) => (!kinds || kinds.includes(row.kind)) && !without.includes(row.id)).map((row) => ({ value: row.id, label: `${row.number} ${row.name}`, hint: t(`kind.${row.kind}`) }));
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(field) => <Combobox field={field} value={value} options={options} placeholder={t('numbers.chooseExtension')} emptyText={query.isPending ? t('state.loading') : t('table.nothingFound')} onSearch={setSearch} onChange={onChange} />}
    </Field>
  );
}

export function FlowPicker({ pbx: of, label, error, value, onChange }: { pbx?: string | undefined; label: string; error?: string | undefined; value: string | null; onChange: (value: string | null) => void }) {
  const { t } = useTranslation();
  const place = usePlace();
  const { tenant, customer } = place;
  const pbx = of ?? place.pbx;
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows', { params: { path: { tenant, customer, pbx }, query: { sort: 'name', limit: 200, offset: 0 } } }));
  const options = (query.data?.items ?? []).filter((flow) => flow.kind === 'ivr').map((flow) => ({ value: flow.id, label: flow.name, hint: flow.published ? t('flows.version', { version: flow.published }) : t('flows.unpublished') }));
  return (
    <Field label={label} error={error}>
      {(field) => <Combobox field={field} value={value} options={options} placeholder={t('flows.choose')} emptyText={query.isPending ? t('state.loading') : t('flows.none')} onChange={onChange} />}
    </Field>
  );
}

export function AudioPicker({ label, hint, value, onChange }: { label: string; hint?: string; value: string | null; onChange: (value: string | null) => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio', { params: { path: { tenant, customer, pbx }, query: { sort: 'name', limit: 200, offset: 0 } } }));
  const options = (query.data?.items ?? []).map((audio) => ({ value: audio.id, label: audio.name, hint: audio.state === 'ready' ? '' : t(`audio.${audio.state}`) }));
  return (
    <Field label={label} hint={hint} optional>
      {(field) => <Combobox field={field} value={value} options={options} placeholder={t('audio.usual')} emptyText={query.isPending ? t('state.loading') : t('audio.none')} onChange={onChange} />}
    </Field>
  );
}

/** One of the PBX's own numbers. */
export function NumberPicker({ label, none, value, onChange }: { label: string; none: string; value: string | null; onChange: (value: string | null) => void }) {
  const { tenant, customer, pbx } = usePlace();
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/numbers', { params: { path: { tenant, customer }, query: { sort: 'e164', limit: 200, offset: 0 } } }));
  const own = (query.data?.items ?? []).filter((number) => number.pbx === pbx);
  return (
    <Field label={label}>
      {(field) => (
        <Select {...field} value={value ?? ''} onChange={(event) => onChange(event.target.value || null)}>
          <option value="">{none}</option>
          {own.map((number) => (
            <option key={number.id} value={number.number}>
              {number.national}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

/** What callers hear: nothing, a text that is read aloud, or an uploaded sound. */
export function PromptField({ label, hint, none, value, error, onChange }: { label: string; hint?: string; none: string; value: Prompt | null; error?: string | undefined; onChange: (value: Prompt | null) => void }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-2">
      <Field label={label} hint={hint}>
        {(field) => (
          <Select {...field} value={value?.kind ?? ''} onChange={(event) => onChange(event.target.value === 'speech' ? { kind: 'speech', text: '' } : event.target.value === 'audio' ? { kind: 'audio', audio: '' } : null)}>
            <option value="">{none}</option>
            <option value="speech">{t('prompt.speech')}</option>
            <option value="audio">{t('prompt.audio')}</option>
          </Select>
        )}
      </Field>
      {value?.kind === 'speech' && (
        <Field label={t('prompt.text')} error={error}>
          {(field) => <TextArea {...field} rows={3} maxLength={1000} value={value.text} placeholder={t('prompt.placeholder')} onChange={(event) => onChange({ kind: 'speech', text: event.target.value })} />}
        </Field>
      )}
      {value?.kind === 'audio' && <AudioPicker label={t('prompt.sound')} value={value.audio || null} onChange={(audio) => onChange(audio ? { kind: 'audio', audio } : { kind: 'audio', audio: '' })} />}
    </div>
  );
}

/** An unfinished choice is none. */
export const promptOf = (prompt: Prompt | null): Prompt | null => (prompt && (prompt.kind === 'speech' ? prompt.text.trim() : prompt.audio) ? prompt : null);

const KINDS = ['extension', 'ivr', 'voicemail', 'outside', 'hangup'] as const;
type Kind = (typeof KINDS)[number];
const blank: Record<Kind, Destination> = { extension: { kind: 'extension', extension: '' }, ivr: { kind: 'ivr', flow: '' }, voicemail: { kind: 'voicemail', mailbox: '' }, outside: { kind: 'outside', number: '' }, hangup: { kind: 'hangup' } };

/** Where calls go. `null`: `none` says what that means here. */
export function DestinationField({ pbx, label, hint, none, value, kinds = KINDS, without = [], error, onChange }: {
  pbx?: string | undefined;
  label: string;
  hint?: string;
  none: string;
  value: Destination | null;
  kinds?: readonly Kind[];
  without?: readonly string[];
  error?: string | undefined;
  onChange: (value: Destination | null) => void;
}) {
  const { t } = useTranslation();
  const chosen = value && value.kind !== 'nowhere' ? value : null;
  return (
    <div className="grid gap-2 sm:grid-cols-2">
      <Field label={label} hint={hint}>
        {(field) => (
          <Select {...field} value={chosen?.kind ?? ''} onChange={(event) => onChange(kinds.find((kind) => kind === event.target.value) ? blank[event.target.value as Kind] : null)}>
            <option value="">{none}</option>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {t(`destination.${kind}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {chosen?.kind === 'extension' && <ExtensionPicker pbx={pbx} label={t('extensions.one')} error={error} value={chosen.extension || null} without={without} onChange={(extension) => onChange({ kind: 'extension', extension: extension ?? '' })} />}
      {chosen?.kind === 'ivr' && <FlowPicker pbx={pbx} label={t('kind.ivr')} error={error} value={chosen.flow || null} onChange={(flow) => onChange({ kind: 'ivr', flow: flow ?? '' })} />}
      {chosen?.kind === 'voicemail' && <ExtensionPicker pbx={pbx} label={t('messages.mailbox')} error={error} kinds={['user']} value={chosen.mailbox || null} onChange={(mailbox) => onChange({ kind: 'voicemail', mailbox: mailbox ?? '' })} />}
      {chosen?.kind === 'outside' && (
        <Field label={t('numbers.number')} error={error}>
          {(field) => <Input {...field} inputMode="tel" placeholder="070-123 45 67" value={chosen.number} onChange={(event) => onChange({ kind: 'outside', number: event.target.value })} />}
        </Field>
      )}
    </div>
  );
}

/** An unfinished choice is none. */
export function destinationOf(destination: Destination | null): Destination | null {
  if (!destination) return null;
  const target = 'extension' in destination ? destination.extension : 'flow' in destination ? destination.flow : 'mailbox' in destination ? destination.mailbox : 'number' in destination ? destination.number : 'x';
  return target ? destination : null;
}

/** Who takes the calls, in order; moved with the buttons, by mouse or keyboard. */
export function MembersField({ members, own, tiers, onChange }: { members: Member[]; own: string | null; tiers: boolean; onChange: (members: Member[]) => void }) {
  const { t } = useTranslation();
  const query = useExtensions();
  const named = (id: string) => {
    const found = query.data?.items.find((row) => row.id === id);
    return found ? `${found.number} ${found.name}` : t('state.loading');
  };
  const move = (from: number, to: number) => {
    const next = [...members];
    const [taken] = next.splice(from, 1);
    if (taken) next.splice(to, 0, taken);
    onChange(next);
  };
  return (
    <div className="flex flex-col gap-3">
      {members.length > 0 && (
        <ol aria-label={t('queues.members')} className="divide-y divide-line rounded-lg border border-line">
          {members.map((member, index) => (
            <li key={member.extension} className="flex items-center gap-2 py-1.5 pr-1.5 pl-3 text-sm">
              <span className="tabular w-5 text-mute">{index + 1}</span>
              <span className="min-w-0 flex-1 truncate">{named(member.extension)}</span>
              {tiers && (
                <Select aria-label={t('members.tierOf', { name: named(member.extension) })} value={String(member.tier)} onChange={(event) => onChange(members.map((one) => (one === member ? { ...one, tier: Number(event.target.value) } : one)))} className="w-28">
                  {[1, 2, 3, 4, 5, 6, 7, 8, 9].map((tier) => (
                    <option key={tier} value={tier}>
                      {t('queues.tier', { tier })}
                    </option>
                  ))}
                </Select>
              )}
              <IconButton label={t('members.up', { name: named(member.extension) })} icon={ArrowUp} size="sm" disabled={index === 0} onClick={() => move(index, index - 1)} />
              <IconButton label={t('members.down', { name: named(member.extension) })} icon={ArrowDown} size="sm" disabled={index === members.length - 1} onClick={() => move(index, index + 1)} />
              <IconButton label={t('members.remove', { name: named(member.extension) })} icon={X} size="sm" onClick={() => onChange(members.filter((one) => one !== member))} />
            </li>
          ))}
        </ol>
      )}
      <ExtensionPicker
        label={t('members.add')}
        hint={t('members.hint')}
        kinds={['user']}
        value={null}
        without={[...members.map((member) => member.extension), ...(own ? [own] : [])]}
        onChange={(extension) => extension && onChange([...members, { extension, tier: 1 }])}
      />
    </div>
  );
}

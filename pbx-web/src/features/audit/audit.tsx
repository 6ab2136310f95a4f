import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { get } from '@/api/client';
import type { AuditEntry, Listed } from '@/api/types';
import { usePlace } from '@/features/shared/place';
import { List, useList, type ListState } from '@/features/shared/list';
import { Badge } from '@/ui/badge';
import { Sheet } from '@/ui/dialog';
import { Facts, PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';
import { useFormat } from '@/lib/format';
import { useTitle } from '@/lib/hooks';

export function PlatformAudit() {
  const list = useList(['at', 'action'], '-at');
  const query = useQuery({ ...get('/api/v1/platform/audit', { params: { query: list.query } }), placeholderData: keepPreviousData });
  return <AuditList list={list} query={query} />;
}

export function TenantAudit() {
  const { tenant } = usePlace();
  const list = useList(['at', 'action'], '-at');
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/audit', { params: { path: { tenant }, query: list.query } }), placeholderData: keepPreviousData });
  return <AuditList list={list} query={query} />;
}

export function CustomerAudit() {
  const { tenant, customer } = usePlace();
  const list = useList(['at', 'action'], '-at');
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/audit', { params: { path: { tenant, customer }, query: list.query } }), placeholderData: keepPreviousData });
  return <AuditList list={list} query={query} />;
}

function AuditList({ list, query }: { list: ListState; query: UseQueryResult<Listed<AuditEntry>> }) {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  useTitle(t('audit.title'));
  const open = query.data?.items.find((entry) => entry.id === params.get('entry'));
  const linkTo = (id: string | null) => {
    const next = new URLSearchParams(params);
    if (id) next.set('entry', id);
    else next.delete('entry');
    return next;
  };
  return (
    <>
      <PageHeader title={t('audit.title')}>{t('audit.text')}</PageHeader>
      <List
        list={list}
        query={query}
        label={t('audit.title')}
        searchLabel={t('audit.search')}
        rowKey={(entry) => entry.id}
        rowLink={(entry) => `?${linkTo(entry.id).toString()}`}
        columns={[
          { key: 'action', header: t('audit.action'), cell: (entry) => <ActionName action={entry.action} /> },
          { key: 'about', header: t('audit.resource'), cell: (entry) => <About entry={entry} /> },
          { key: 'actor', header: t('audit.actor'), cell: (entry) => <Actor entry={entry} /> },
          { key: 'address', header: t('audit.address'), from: 'lg', cell: (entry) => <span className="tabular text-mute">{entry.address ?? '–'}</span> },
          { key: 'at', header: t('audit.at'), sort: 'at', align: 'right', cell: (entry) => <Time at={entry.at} /> },
        ]}
        empty={
          <EmptyState icon={ScrollText} title={t('audit.emptyTitle')}>
            {t('audit.emptyText')}
          </EmptyState>
        }
      />
      {open && <AuditSheet entry={open} onClose={() => setParams(linkTo(null))} />}
    </>
  );
}

/** A person by name; the system and the telephony by what they are. */
function Actor({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const { actor_kind: kind, actor_label: label } = entry;
  if (kind === 'system' || kind === 'sip') return <span className="text-mute">{t(`audit.actorKind.${kind}`)}</span>;
  return <span className="break-words">{label}</span>;
}

/** `extension.create` as words where we have them, else as it is. */
function ActionName({ action }: { action: string }) {
  const { t, i18n } = useTranslation();
  const [noun = '', verb = ''] = action.split('.');
  const known = (key: string): string | undefined => (i18n.exists(key) ? (t as (key: string) => string)(key) : undefined);
  const words = noun === 'sip' ? known(`audit.sip.${verb}`) : undefined;
  if (words) return <span className="text-bad">{words}</span>;
  const nounWords = known(`audit.noun.${noun}`);
  const verbWords = known(`audit.verb.${verb}`);
  if (!nounWords || !verbWords) return <span>{action}</span>;
  return (
    <span>
      {nounWords} <span className="text-mute">{verbWords}</span>
    </span>
  );
}

/** What an entry is about, by the name it had then. */
function About({ entry }: { entry: AuditEntry }) {
  const { name, number, email, label }: Record<string, unknown> = { ...(isRecord(entry.before) ? entry.before : {}), ...(isRecord(entry.after) ? entry.after : {}) };
  const words = [number, name ?? label ?? email].filter((part) => typeof part === 'string');
  return words.length > 0 ? <span className="break-words">{words.join(' ')}</span> : <span className="text-mute">–</span>;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const shown = (value: unknown): string => (value === undefined || value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value));

function AuditSheet({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const before: Record<string, unknown> = isRecord(entry.before) ? entry.before : {};
  const after: Record<string, unknown> = isRecord(entry.after) ? entry.after : {};
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return (
    <Sheet title={t('audit.entry')} description={<ActionName action={entry.action} />} onClose={onClose}>
      <Facts
        items={[
          { label: t('audit.at'), value: format.exact(entry.at) },
          { label: t('audit.actor'), value: <Actor entry={entry} /> },
          { label: t('audit.resource'), value: <span className="font-mono text-xs break-all">{[entry.resource_type, entry.resource_id].filter(Boolean).join(' ')}</span> },
          { label: t('audit.address'), value: entry.address ?? '–' },
          { label: t('audit.request'), value: <span className="font-mono text-xs break-all">{entry.request_id ?? '–'}</span> },
        ]}
      />
      {fields.length > 0 && (
        <section className="mt-6">
          <h3 className="mb-2 text-sm font-semibold">{t('audit.changes')}</h3>
          <ul className="divide-y divide-line rounded-lg border border-line">
            {fields.map((name) => (
              <li key={name} className="px-3.5 py-2.5 text-sm">
                <Badge>{name}</Badge>
                <div className="mt-1.5 grid gap-1">
                  {name in before && (
                    <div className="break-words text-mute line-through decoration-1">
                      <span className="sr-only">{t('audit.before')}: </span>
                      {shown(before[name])}
                    </div>
                  )}
                  {name in after && (
                    <div className="break-words">
                      <span className="sr-only">{t('audit.after')}: </span>
                      {shown(after[name])}
                    </div>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Sheet>
  );
}

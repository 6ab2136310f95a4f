import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { MailOpen, MailX, Trash2, Voicemail } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Listed, Message } from '@/api/types';
import { useFallback } from '@/features/calls/feed';
import { useAction } from '@/features/shared/action';
import { List, useList, type ListState } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { soundAt, useSoundError } from '@/features/shared/sound';
import { stale } from '@/features/shared/stale';
import { useTitle } from '@/lib/hooks';
import { download } from '@/lib/text';
import { Badge } from '@/ui/badge';
import { IconButton } from '@/ui/button';
import { Select } from '@/ui/field';
import { PageHeader } from '@/ui/page';
import { Player } from '@/ui/player';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';
import type { UseQueryResult } from '@tanstack/react-query';

const SORTS = ['received_at', 'seconds'] as const;
type Sort = (typeof SORTS)[number];

/** Where the messages of a page are, and what one may do with them. */
interface Shelf {
  audio: (message: Message) => string;
  mark: (message: Message, heard: boolean) => Promise<unknown>;
  remove: (message: Message) => Promise<unknown>;
}

const heardFilter = (list: ListState) => {
  const heard = list.filter('heard');
  return heard === 'true' || heard === 'false' ? { heard: heard === 'true' } : {};
};

/** The messages of every mailbox of a PBX. */
export function MessagesPage() {
  const { t } = useTranslation();
  useTitle(t('messages.title'));
  const { tenant, customer, pbx } = usePlace();
  const path = { tenant, customer, pbx };
  const list = useList(SORTS, '-received_at', ['heard']);
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/messages', { params: { path, query: { ...list.query, ...heardFilter(list) } } }),
    placeholderData: keepPreviousData,
    refetchInterval: useFallback(),
  });
  return (
    <Messages
      list={list}
      query={query}
      title={t('messages.title')}
      text={t('messages.text')}
      mailboxes
      shelf={{
        audio: (message) => `/api/v1/tenants/${tenant}/customers/${customer}/pbxs/${pbx}/messages/${message.id}/audio`,
        mark: (message, heard) => unwrap(api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/messages/{message}', { params: { path: { ...path, message: message.id } }, body: { heard } })),
        remove: (message) => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/messages/{message}', { params: { path: { ...path, message: message.id } } })),
      }}
    />
  );
}

/** The signed-in person's own. */
export function MyMessagesPage() {
  const { t } = useTranslation();
  useTitle(t('messages.mine'));
  const list = useList(SORTS, '-received_at', ['heard']);
  const query = useQuery({ ...get('/api/v1/me/messages', { params: { query: { ...list.query, ...heardFilter(list) } } }), placeholderData: keepPreviousData, refetchInterval: 15_000 });
  return (
    <Messages
      list={list}
      query={query}
      title={t('messages.mine')}
      text={t('messages.mineText')}
      shelf={{
        audio: (message) => `/api/v1/me/messages/${message.id}/audio`,
        mark: (message, heard) => unwrap(api.PATCH('/api/v1/me/messages/{message}', { params: { path: { message: message.id } }, body: { heard } })),
        remove: (message) => unwrap(api.DELETE('/api/v1/me/messages/{message}', { params: { path: { message: message.id } } })),
      }}
    />
  );
}

function Messages({ list, query, title, text, shelf, mailboxes = false }: { list: ListState<Sort | `-${Sort}`>; query: UseQueryResult<Listed<Message>>; title: string; text: string; shelf: Shelf; mailboxes?: boolean }) {
  const { t } = useTranslation();
  const onError = useSoundError();
  const touched = [...stale.pbx, ...stale.me];
  const mark = useAction({ stale: touched, run: ({ message, heard }: { message: Message; heard: boolean }) => shelf.mark(message, heard) });
  const remove = useAction({ stale: touched, success: t('messages.deleted'), run: (message: Message) => shelf.remove(message) });
  const caller = (message: Message) => message.from.name ?? message.from.number ?? t('messages.withheld');
  return (
    <>
      <PageHeader title={title}>{text}</PageHeader>
      <List<Message>
        list={list}
        query={query}
        label={title}
        searchLabel={t('messages.search')}
        rowKey={(message) => message.id}
        filters={
          <Select aria-label={t('messages.state')} value={list.filter('heard')} onChange={(event) => list.set({ heard: event.target.value })} className="sm:w-44">
            <option value="">{t('messages.all')}</option>
            <option value="false">{t('messages.new')}</option>
            <option value="true">{t('messages.heard')}</option>
          </Select>
        }
        columns={[
          {
            key: 'from',
            header: t('calls.caller'),
            cell: (message) => (
              <span className="inline-flex flex-wrap items-center gap-2">
                <span className={message.heard ? '' : 'font-semibold'}>{caller(message)}</span>
                {message.from.name && message.from.number && <span className="tabular text-mute">{message.from.number}</span>}
                {!message.heard && <Badge tone="accent">{t('messages.isNew')}</Badge>}
              </span>
            ),
          },
          ...(mailboxes
            ? [
                {
                  key: 'mailbox',
                  header: t('messages.mailbox'),
                  cell: (message: Message) => (
                    <span>
                      <span className="tabular">{message.mailbox.number}</span> {message.mailbox.name}
                    </span>
                  ),
                },
              ]
            : []),
          {
            key: 'sound',
            header: t('messages.sound'),
            cell: (message) => (
              <div className="relative z-10 w-full min-w-56">
                <Player
                  label={t('messages.from', { from: caller(message) })}
                  load={() => soundAt(shelf.audio(message))}
                  seconds={message.seconds}
                  peaks={message.peaks}
                  onPlayed={message.heard ? undefined : () => mark.mutate({ message, heard: true })}
                  onDownload={(sound) => download(`${t('messages.fileName')}-${message.received_at.slice(0, 16).replace(/\D/g, '-')}.wav`, sound)}
                  onError={onError}
                />
              </div>
            ),
          },
          { key: 'at', header: t('messages.received'), sort: 'received_at', align: 'right', cell: (message) => <Time at={message.received_at} /> },
        ]}
        rowActions={(message) => (
          <span className="inline-flex gap-1">
            <IconButton
              label={message.heard ? t('messages.markNew') : t('messages.markHeard')}
              icon={message.heard ? MailX : MailOpen}
              size="sm"
              onClick={() => mark.mutate({ message, heard: !message.heard })}
            />
            <IconButton label={t('messages.delete', { from: caller(message) })} icon={Trash2} size="sm" danger onClick={() => remove.mutate(message)} />
          </span>
        )}
        empty={
          <EmptyState icon={Voicemail} title={t('messages.emptyTitle')}>
            {t('messages.emptyText')}
          </EmptyState>
        }
      />
    </>
  );
}

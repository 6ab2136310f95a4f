import { useQuery } from '@tanstack/react-query';
import { Phone, Voicemail } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Message } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { soundAt, useSoundError } from '@/features/shared/sound';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { cx } from '@/lib/cx';
import { paths } from '@/lib/paths';
import { Player } from '@/ui/player';
import { Time } from '@/ui/time';
import { Nothing, Tool } from './parts';
import { Rows } from './people';
import { tell } from './phone';
import { More } from './recent';

const NEWEST = { params: { query: { sort: '-received_at', limit: 15, offset: 0 } } } as const;

export const useMessages = () => useQuery({ ...get('/api/v1/me/messages', NEWEST), refetchInterval: 30_000 });

/** One's own messages, played here. */
export function MailboxPart() {
  const { t } = useTranslation();
  const query = useMessages();
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
      <View query={query} skeleton={<Rows />}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing icon={Voicemail} title={t('phone.messages.none')}>
              {t('phone.messages.noneText')}
            </Nothing>
          ) : (
            <>
              <ul aria-label={t('phone.messages.label')} className="divide-y divide-line">
                {items.map((message) => (
                  <MessageRow key={message.id} message={message} />
                ))}
              </ul>
              <More to={paths.me.messages}>{t('phone.messages.all')}</More>
            </>
          )
        }
      </View>
    </div>
  );
}

function MessageRow({ message }: { message: Message }) {
  const { t } = useTranslation();
  const onError = useSoundError();
  const mark = useAction({ stale: stale.me, run: () => unwrap(api.PATCH('/api/v1/me/messages/{message}', { params: { path: { message: message.id } }, body: { heard: true } })) });
  const { number } = message.from;
  const name = message.from.name ?? number ?? t('messages.withheld');
  return (
    <li className="py-1">
      <div className="flex items-center gap-1 pl-2">
        <span className="min-w-0 flex-1">
          <span className={cx('block truncate text-sm', message.heard ? 'font-medium' : 'font-semibold')}>
            {!message.heard && <span role="img" aria-label={t('messages.isNew')} className="mr-2 inline-block size-2 rounded-full bg-accent align-middle" />}
            {name}
          </span>
          <span className="block text-xs text-mute">
            <Time at={message.received_at} />
          </span>
        </span>
        {number && <Tool icon={Phone} label={t('phone.pad.callWho', { who: name })} onClick={() => tell({ do: 'dial', number, name: message.from.name ?? null })} />}
      </div>
      <div className="px-2 pb-1">
        <Player label={t('messages.from', { from: name })} load={() => soundAt(`/api/v1/me/messages/${message.id}/audio`)} seconds={message.seconds} peaks={message.peaks} onPlayed={message.heard ? undefined : () => mark.mutate(undefined)} onError={onError} />
      </div>
    </li>
  );
}

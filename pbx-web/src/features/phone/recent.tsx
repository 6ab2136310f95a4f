import { useQuery } from '@tanstack/react-query';
import { History, Phone, PhoneIncoming, PhoneMissed, PhoneOutgoing } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { get } from '@/api/client';
import type { Call, Colleague } from '@/api/types';
import { View } from '@/features/shared/view';
import { cx } from '@/lib/cx';
import { duration } from '@/lib/format';
import { paths } from '@/lib/paths';
import { Time } from '@/ui/time';
import { Face, Nothing, Tool } from './parts';
import { Rows } from './people';
import { callsSoon, tell } from './phone';
import { everybody } from './remote';

/** The last calls of one's own, to call back. */
export function RecentPart({ own }: { own: string }) {
  const { t } = useTranslation();
  const query = useQuery({ ...get('/api/v1/me/calls', { params: { query: { sort: '-started_at', limit: 25, offset: 0 } } }), refetchInterval: 30_000 });
  const known = useQuery({ ...everybody(), staleTime: 60_000 }).data?.items ?? [];
  useEffect(() => tell({ do: 'seen' }), []);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
      <View query={query} skeleton={<Rows />}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing icon={History} title={t('phone.recent.none')}>
              {t('phone.recent.noneText')}
            </Nothing>
          ) : (
            <>
              <ul aria-label={t('phone.recent.label')}>
                {items.map((call) => (
                  <RecentRow key={call.id} call={call} own={own} known={known} />
                ))}
              </ul>
              <More to={paths.me.calls}>{t('phone.recent.all')}</More>
            </>
          )
        }
      </View>
    </div>
  );
}

export const More = ({ to, children }: { to: string; children: string }) => (
  <Link to={to} className="mx-auto flex min-h-11 w-fit items-center rounded-lg px-3 text-sm font-medium text-accent-text hover:underline">
    {children}
  </Link>
);

function RecentRow({ call, own, known }: { call: Call; own: string; known: readonly Colleague[] }) {
  const { t } = useTranslation();
  const out = call.from.extension === own;
  const party = out ? call.to : call.from;
  const number = party.extension ?? party.number;
  const missed = !out && !call.answered_at;
  const Icon = out ? PhoneOutgoing : missed ? PhoneMissed : PhoneIncoming;
  const name = party.name ?? number;
  return (
    <li className="flex items-center gap-1 rounded-xl pr-1 hover:bg-hover/70">
      <span className="flex min-h-14 min-w-0 flex-1 items-center gap-3 px-2">
        <Face party={{ number, name: party.name ?? null }} colleague={known.find((row) => row.extension.number === party.extension) ?? null} />
        <span className="min-w-0 flex-1">
          <span className={cx('block truncate text-sm font-medium', missed && 'text-bad')}>{name || t('phone.withheld')}</span>
          <span className="flex items-center gap-1.5 truncate text-xs text-mute">
            <Icon aria-label={t(out ? 'phone.recent.outgoing' : missed ? 'phone.recent.missed' : 'phone.recent.incoming')} role="img" className={cx('size-3.5 shrink-0', missed && 'text-bad')} />
            <Time at={call.started_at} />
            {call.answered_at && <span className="tabular">· {duration(call.talk_seconds)}</span>}
          </span>
        </span>
      </span>
      {number && <Tool {...callsSoon} icon={Phone} label={t('phone.pad.callWho', { who: name })} onClick={() => tell({ do: 'dial', number, name: party.name ?? null })} />}
    </li>
  );
}

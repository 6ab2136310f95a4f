import { useQuery } from '@tanstack/react-query';
import { ArrowRight, CircleCheck, Clock, PhoneCall, PhoneIncoming, PhoneMissed, PhoneOutgoing, TriangleAlert, Voicemail, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { get } from '@/api/client';
import type { MyOverview } from '@/api/types';
import { OutcomeWord, Party } from '@/features/calls/parts';
import { useAccount } from '@/features/session/hooks';
import { Figures, REFRESH } from '@/features/shared/figures';
import { View } from '@/features/shared/view';
import { cx } from '@/lib/cx';
import { duration } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Card, PageHeader } from '@/ui/page';
import { EmptyState, Skeleton } from '@/ui/states';
import { Time } from '@/ui/time';
import { NoExtension, useMyExtensions, type OwnExtension } from './extensions';
import { NowCard } from './forwarding';
import { MissingCard } from './rights';

/** One's own day: what happens now, what has happened, whether everything works. */
export function MyHomePage() {
  const { t } = useTranslation();
  const { account } = useAccount();
  useTitle(t('nav.myHome'));
  const overview = useQuery({ ...get('/api/v1/me/overview'), refetchInterval: REFRESH });
  const extensions = useMyExtensions();
  const first = account?.name.split(' ')[0];
  const own = (extensions.data?.items ?? []).filter((item): item is OwnExtension => item.extension.settings.kind === 'user');
  return (
    <>
      <PageHeader title={first ? t('me.hello', { name: first }) : t('nav.myHome')} actions={overview.data && <Health state={overview.data.health} />}>
        {t('me.home.text')}
      </PageHeader>
      <View
        query={overview}
        skeleton={
          <>
            <div className="mb-6 grid grid-cols-2 gap-3 lg:grid-cols-4">
              {[1, 2, 3, 4].map((n) => (
                <Skeleton key={n} className="h-24 rounded-xl" />
              ))}
            </div>
            <Skeleton className="h-72 rounded-xl" />
          </>
        }
      >
        {(data) => (
          <>
            {data.health !== 'operational' && (
              <div role="alert" className={cx('mb-6 flex items-start gap-3 rounded-xl px-4 py-3 text-sm', data.health === 'down' ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn')}>
                <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
                <p>{t(`me.health.${data.health}Text`)}</p>
              </div>
            )}
            <Figures
              figures={[
                { label: t('me.home.calls'), value: data.calls_today, icon: PhoneCall, to: paths.me.calls },
                { label: t('me.home.minutes'), value: data.minutes_today, icon: Clock },
                { label: t('me.home.missed'), value: data.missed_today, icon: PhoneMissed, to: paths.me.calls },
                { label: t('me.home.messages'), value: data.new_messages, icon: Voicemail, to: `${paths.me.messages}?heard=false` },
              ]}
            />
            <div className="@container">
              <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 @2xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] @2xl:grid-rows-[auto_1fr]">
                <div className="flex flex-col gap-6 @2xl:col-start-2">
                  {extensions.isPending ? <Skeleton className="h-40 rounded-xl" /> : own.length > 0 ? own.map((item) => <NowCard key={item.extension.id} item={item} />) : extensions.data && <NoExtension />}
                </div>
                <div className="@2xl:col-start-1 @2xl:row-span-2 @2xl:row-start-1">
                  <Recent calls={data.recent} own={new Set(own.map((item) => item.extension.number))} />
                </div>
                <div className="@2xl:col-start-2">
                  <MissingCard extensions={own} />
                </div>
              </div>
            </div>
          </>
        )}
      </View>
    </>
  );
}

const healths: Record<MyOverview['health'], [LucideIcon, string]> = {
  operational: [CircleCheck, 'bg-good-soft text-good'],
  degraded: [TriangleAlert, 'bg-warn-soft text-warn'],
  down: [TriangleAlert, 'bg-bad-soft text-bad'],
};

const ways = { outgoing: PhoneOutgoing, incoming: PhoneIncoming, missedOne: PhoneMissed };

function Health({ state }: { state: MyOverview['health'] }) {
  const { t } = useTranslation();
  const [Icon, look] = healths[state];
  return (
    <p role="status" className={cx('inline-flex items-center gap-2 rounded-full px-3 py-1.5 text-sm font-medium', look)}>
      <Icon aria-hidden className="size-4" />
      {t(`me.health.${state}`)}
    </p>
  );
}

/** The other side of each call, and which way it went. */
function Recent({ calls, own }: { calls: MyOverview['recent']; own: ReadonlySet<string> }) {
  const { t } = useTranslation();
  return (
    <Card
      title={t('me.home.recent')}
      flush
      actions={
        calls.length > 0 && (
          <Link to={paths.me.calls} className="inline-flex items-center gap-1 text-sm font-medium text-accent-text underline-offset-2 hover:underline">
            {t('me.home.allCalls')}
            <ArrowRight aria-hidden className="size-3.5" />
          </Link>
        )
      }
    >
      {calls.length === 0 ? (
        <EmptyState icon={PhoneIncoming} title={t('calls.emptyTitle')}>
          {t('me.callsEmpty')}
        </EmptyState>
      ) : (
        <ul aria-label={t('me.home.recent')} className="divide-y divide-line border-t border-line">
          {calls.map((call) => {
            const out = call.from.extension ? own.has(call.from.extension) : false;
            const way = out ? 'outgoing' : call.answered_at ? 'incoming' : 'missedOne';
            const Icon = ways[way];
            return (
              <li key={call.id} className="flex items-center gap-3.5 px-5 py-3 text-sm">
                <Icon role="img" aria-label={t(`me.home.${way}`)} className={cx('size-4 shrink-0', way === 'missedOne' ? 'text-bad' : 'text-mute')} />
                <div className="min-w-0 flex-1">
                  <p className="truncate font-medium">
                    <Party party={out ? call.to : call.from} />
                  </p>
                  <p className="mt-0.5 flex items-center gap-3">
                    <OutcomeWord outcome={call.outcome} talked={Boolean(call.answered_at)} />
                    {call.answered_at && <span className="tabular text-mute">{duration(call.talk_seconds)}</span>}
                  </p>
                </div>
                <span className="shrink-0 text-xs text-mute">
                  <Time at={call.started_at} />
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}

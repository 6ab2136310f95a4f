import { useQuery } from '@tanstack/react-query';
import { Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import type { MemberState, QueueLive } from '@/api/types';
import { FeedStatus, useFallback } from '@/features/calls/feed';
import { usePlace } from '@/features/shared/place';
import { View } from '@/features/shared/view';
import { duration } from '@/lib/format';
import { useNow, useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Badge, Status, type Tone } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { Card, PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';

const tones: Record<MemberState, Tone> = { offline: 'idle', free: 'good', ringing: 'warn', talking: 'accent', resting: 'warn', do_not_disturb: 'bad' };

/** Who waits, for how long, and who could answer. */
export function QueuesPage() {
  const { t } = useTranslation();
  useTitle(t('queues.title'));
  const { tenant, customer, pbx } = usePlace();
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/queues', { params: { path: { tenant, customer, pbx } } }), refetchInterval: useFallback() });
  const here = paths.customer(tenant, customer).pbx(pbx);
  return (
    <>
      <PageHeader title={t('queues.title')} actions={<FeedStatus />}>
        {t('queues.text')}
      </PageHeader>
      <View query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="rounded-xl border border-line bg-surface shadow-card">
              <EmptyState icon={Users} title={t('queues.emptyTitle')} action={<LinkButton to={here.newExtension}>{t('extensions.new')}</LinkButton>}>
                {t('queues.emptyText')}
              </EmptyState>
            </div>
          ) : (
            <div className="grid items-start gap-5 xl:grid-cols-2">
              {items.map((queue) => (
                <QueueCard key={queue.id} queue={queue} />
              ))}
            </div>
          )
        }
      </View>
    </>
  );
}

function QueueCard({ queue }: { queue: QueueLive }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const waited = (since: string) => Math.max(0, (now - new Date(since).getTime()) / 1000);
  const longest = queue.waiting.length > 0 ? Math.max(...queue.waiting.map((caller) => waited(caller.since))) : null;
  const free = queue.members.filter((member) => member.state === 'free').length;
  return (
    <Card title={`${queue.number} ${queue.name}`} description={t(`strategy.${queue.strategy}`)} flush>
      <dl className="grid grid-cols-3 divide-x divide-line border-y border-line text-center">
        <Gauge label={t('queues.waiting')} value={String(queue.waiting.length)} alarming={queue.waiting.length > 0 && free === 0} />
        <Gauge label={t('queues.longest')} value={longest === null ? '–' : duration(longest)} alarming={longest !== null && longest > 60} />
        <Gauge label={t('queues.free')} value={`${free} / ${queue.members.length}`} alarming={false} />
      </dl>
      {queue.waiting.length > 0 && (
        <ol aria-label={t('queues.waiting')} className="divide-y divide-line border-b border-line">
          {queue.waiting.map((caller, index) => (
            <li key={caller.call} className="flex items-center gap-3 px-5 py-2.5 text-sm">
              <span className="tabular w-5 text-mute">{index + 1}</span>
              <span className="min-w-0 flex-1 truncate">
                {caller.from.name ?? caller.from.number ?? t('messages.withheld')} {caller.from.name && <span className="tabular text-mute">{caller.from.number}</span>}
              </span>
              <span className="tabular text-mute">{duration(waited(caller.since))}</span>
            </li>
          ))}
        </ol>
      )}
      {queue.members.length === 0 ? (
        <p className="px-5 py-4 text-sm text-mute">{t('queues.noMembers')}</p>
      ) : (
        <ul aria-label={t('queues.members')} className="divide-y divide-line">
          {queue.members.map((member) => (
            <li key={member.id} className="flex items-center gap-3 px-5 py-2.5 text-sm">
              <span className="min-w-0 flex-1 truncate">
                <span className="tabular text-mute">{member.number}</span> {member.name}
              </span>
              {member.tier > 1 && <Badge>{t('queues.tier', { tier: member.tier })}</Badge>}
              <span className="tabular hidden text-xs text-mute sm:inline">{t('queues.today', { count: member.calls_today })}</span>
              <span className="w-28">
                <Status tone={tones[member.state]} pulse={member.state === 'ringing'}>
                  {t(`member.${member.state}`)}
                </Status>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Gauge({ label, value, alarming }: { label: string; value: string; alarming: boolean }) {
  return (
    <div className="flex flex-col-reverse px-3 py-3.5">
      <dt className="text-xs text-mute">{label}</dt>
      <dd className={`tabular text-xl font-semibold ${alarming ? 'text-bad' : ''}`}>{value}</dd>
    </div>
  );
}

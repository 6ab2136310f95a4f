import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Disc, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Recording } from '@/api/types';
import { daysOf } from '@/features/calls/days';
import { useFallback } from '@/features/calls/feed';
import { Party } from '@/features/calls/parts';
import { useStanding } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { List, useList } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { soundAt, useSoundError } from '@/features/shared/sound';
import { stale } from '@/features/shared/stale';
import { useFormat } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { download } from '@/lib/text';
import { IconButton } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { Input } from '@/ui/field';
import { PageHeader } from '@/ui/page';
import { Player } from '@/ui/player';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';

/** What was said in calls of extensions that are recorded. Every listening is noted in the log. */
export function RecordingsPage() {
  const { t } = useTranslation();
  useTitle(t('recordings.title'));
  const { tenant, customer, pbx } = usePlace();
  const { may } = useStanding({ tenant, customer });
  const format = useFormat();
  const path = { tenant, customer, pbx };
  const here = paths.customer(tenant, customer).pbx(pbx);
  const list = useList(['started_at', 'seconds'], '-started_at', ['from', 'to']);
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/recordings', { params: { path, query: { ...list.query, ...daysOf(list) } } }),
    placeholderData: keepPreviousData,
    refetchInterval: useFallback(),
  });
  const [asking, setAsking] = useState<Recording | null>(null);
  const onError = useSoundError();
  const remove = useAction({
    stale: stale.pbx,
    success: t('recordings.deleted'),
    run: (recording: Recording) => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/recordings/{recording}', { params: { path: { ...path, recording: recording.id } } })),
  });
  return (
    <>
      <PageHeader title={t('recordings.title')}>{t('recordings.text')}</PageHeader>
      <List<Recording>
        list={list}
        query={query}
        label={t('recordings.title')}
        searchLabel={t('calls.search')}
        rowKey={(recording) => recording.id}
        filters={
          <>
            <label className="col-span-2 grid grid-cols-[2.5rem_1fr] items-center gap-2 text-sm whitespace-nowrap text-mute sm:flex">
              {t('calls.fromDay')}
              <Input type="date" value={list.filter('from')} max={list.filter('to') || undefined} onChange={(event) => list.set({ from: event.target.value })} className="min-w-0 sm:w-36" />
            </label>
            <label className="col-span-2 grid grid-cols-[2.5rem_1fr] items-center gap-2 text-sm whitespace-nowrap text-mute sm:flex">
              {t('calls.toDay')}
              <Input type="date" value={list.filter('to')} min={list.filter('from') || undefined} onChange={(event) => list.set({ to: event.target.value })} className="min-w-0 sm:w-36" />
            </label>
          </>
        }
        columns={[
          { key: 'from', header: t('calls.caller'), cell: (recording) => <Party party={recording.from} /> },
          { key: 'to', header: t('calls.callee'), cell: (recording) => <Party party={recording.to} /> },
          {
            key: 'sound',
            header: t('messages.sound'),
            cell: (recording) => (
              <div className="relative z-10 w-full min-w-56 xl:min-w-80">
                <Player
                  label={t('recordings.of', { from: recording.from.name ?? recording.from.number, to: recording.to.name ?? recording.to.number })}
                  load={() => soundAt(`/api/v1/tenants/${tenant}/customers/${customer}/pbxs/${pbx}/recordings/${recording.id}/audio`)}
                  seconds={recording.seconds}
                  peaks={recording.peaks}
                  onDownload={(sound) => download(`${t('recordings.fileName')}-${recording.started_at.slice(0, 16).replace(/\D/g, '-')}.wav`, sound)}
                  onError={onError}
                />
              </div>
            ),
          },
          { key: 'at', header: t('calls.when'), sort: 'started_at', align: 'right', cell: (recording) => <Time at={recording.started_at} /> },
          { key: 'call', header: t('calls.one'), from: 'lg', cell: (recording) => <Link to={here.call(recording.call)} className="relative z-10 text-accent-text hover:underline">{t('recordings.openCall')}</Link> },
          { key: 'until', header: t('recordings.keptUntil'), from: 'xl', tableOnly: true, align: 'right', cell: (recording) => format.dayShort(recording.expires_at.slice(0, 10)) },
        ]}
        rowActions={(recording) => <IconButton label={t('recordings.delete')} icon={Trash2} size="sm" danger disabledReason={may('customer_admin') ? undefined : t('forbidden.needsAdmin')} onClick={() => setAsking(recording)} />}
        empty={
          <EmptyState icon={Disc} title={t('recordings.emptyTitle')}>
            {t('recordings.emptyText')}
          </EmptyState>
        }
      />
      {asking && (
        <ConfirmDialog title={t('recordings.deleteTitle')} action={t('action.delete')} onClose={() => setAsking(null)} onConfirm={() => remove.mutateAsync(asking).then(() => setAsking(null))}>
          {t('recordings.deleteText', { at: format.exact(asking.started_at) })}
        </ConfirmDialog>
      )}
    </>
  );
}

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Music, RotateCw, Trash2, Upload } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Audio } from '@/api/types';
import { upload } from '@/api/upload';
import { useStanding } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { useErrorText } from '@/features/shared/errors';
import { List, useList } from '@/features/shared/list';
import { usePlace } from '@/features/shared/place';
import { soundAt, useSoundError } from '@/features/shared/sound';
import { stale } from '@/features/shared/stale';
import { useTitle } from '@/lib/hooks';
import { Status } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { PageHeader } from '@/ui/page';
import { Player } from '@/ui/player';
import { EmptyState, Notice } from '@/ui/states';
import { Time } from '@/ui/time';

/** Bytes; the server's rule, told before the file is on its way. */
const LARGEST = 20 * 1024 * 1024;
const KINDS = '.mp3,.wav,audio/mpeg,audio/wav,audio/x-wav';

interface Sending {
  name: string;
  share: number;
  stop: AbortController;
}

/** Greetings, announcements and music on hold. */
export function AudioPage() {
  const { t } = useTranslation();
  useTitle(t('audio.title'));
  const { tenant, customer, pbx } = usePlace();
  const { may } = useStanding({ tenant, customer });
  const path = { tenant, customer, pbx };
  const base = `/api/v1/tenants/${tenant}/customers/${customer}/pbxs/${pbx}/audio`;
  const list = useList(['name', 'created_at'], 'name');
  const query = useQuery({
    ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio', { params: { path, query: list.query } }),
    placeholderData: keepPreviousData,
    // A conversion takes seconds: its end is asked for.
    refetchInterval: (now) => (now.state.data?.items.some((audio) => audio.state === 'converting') ? 1000 : false),
  });
  const file = useRef<HTMLInputElement>(null);
  const [sending, setSending] = useState<Sending | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const [asking, setAsking] = useState<Audio | null>(null);
  const errorText = useErrorText();
  const onError = useSoundError();
  const denied = may('customer_admin') ? undefined : t('forbidden.needsAdmin');
  const send = useAction({
    quiet: true,
    stale: stale.pbx,
    success: (made: Audio) => t('audio.sent', { name: made.name }),
    run: (chosen: File) => {
      const name = chosen.name.replace(/\.[^.]+$/, '').replace(/["<>\\${}]/g, ' ').trim().slice(0, 100) || t('audio.one');
      const stop = new AbortController();
      setSending({ name, share: 0, stop });
      const type = /\.mp3$/i.test(chosen.name) ? 'audio/mpeg' : 'audio/wav';
      return upload<Audio>(`${base}?name=${encodeURIComponent(name)}`, new Blob([chosen], { type }), {}, (share) => setSending({ name, share, stop }), stop.signal);
    },
  });
  const take = (chosen: File | undefined) => {
    if (!chosen) return;
    setRefused(null);
    const fault = !/\.(mp3|wav)$/i.test(chosen.name) ? t('audio.kindRule', { name: chosen.name }) : chosen.size > LARGEST ? t('audio.sizeRule', { name: chosen.name }) : null;
    if (fault) {
      setRefused(fault);
      return;
    }
    send
      .mutateAsync(chosen)
      .catch((error: unknown) => (error instanceof DOMException ? undefined : setRefused(errorText.whole(error))))
      .finally(() => setSending(null));
  };
  const retry = useAction({ stale: stale.pbx, run: (audio: Audio) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio/{audio}/retry', { params: { path: { ...path, audio: audio.id } } })) });
  const remove = useAction({
    stale: stale.pbx,
    success: t('audio.deleted'),
    run: (audio: Audio) => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio/{audio}', { params: { path: { ...path, audio: audio.id } } })),
  });
  const choose = (
    <Button variant="primary" icon={Upload} disabledReason={denied ?? (sending ? t('audio.sending', { name: sending.name }) : undefined)} onClick={() => file.current?.click()}>
      {t('audio.upload')}
    </Button>
  );
  return (
    <div
      role="presentation"
      onDragOver={(event) => {
        if (denied || !event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!denied) take(event.dataTransfer.files[0]);
      }}
    >
      <PageHeader title={t('audio.title')} actions={choose}>
        {t('audio.text')}
      </PageHeader>
      <input
        ref={file}
        type="file"
        accept={KINDS}
        className="sr-only"
        tabIndex={-1}
        aria-label={t('audio.upload')}
        onChange={(event) => {
          take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      {over && (
        <div className="mb-4">
          <Notice>{t('audio.drop')}</Notice>
        </div>
      )}
      {refused && (
        <div className="mb-4">
          <Notice kind="bad" role="alert">
            {refused}
          </Notice>
        </div>
      )}
      {sending && (
        <div className="mb-4 flex items-center gap-4 rounded-xl border border-line bg-surface px-5 py-3.5 shadow-card">
          <label className="min-w-0 flex-1 text-sm">
            {t('audio.sending', { name: sending.name })}
            <progress value={sending.share} max={1} className="mt-2 block h-1.5 w-full accent-(--color-accent)" />
          </label>
          <Button size="sm" onClick={() => sending.stop.abort()}>
            {t('action.cancel')}
          </Button>
        </div>
      )}
      <List<Audio>
        list={list}
        query={query}
        label={t('audio.title')}
        searchLabel={t('audio.search')}
        rowKey={(audio) => audio.id}
        columns={[
          { key: 'name', header: t('field.name'), sort: 'name', cell: (audio) => audio.name },
          {
            key: 'sound',
            header: t('messages.sound'),
            cell: (audio) =>
              audio.state === 'ready' ? (
                <div className="relative z-10 w-full min-w-48">
                  <Player label={audio.name} load={() => soundAt(`${base}/${audio.id}/content`)} seconds={audio.seconds ?? 0} peaks={audio.peaks} onError={onError} />
                </div>
              ) : audio.state === 'converting' ? (
                <Status tone="accent" pulse>
                  {t('audio.converting')}
                </Status>
              ) : (
                <div className="flex flex-col gap-0.5">
                  <Status tone="bad">{t('audio.failed')}</Status>
                  <span className="max-w-md text-xs text-mute">{audio.error}</span>
                </div>
              ),
          },
          { key: 'used', header: t('audio.usedBy'), from: 'md', cell: (audio) => (audio.used_by.length > 0 ? audio.used_by.map((place) => place.name).join(', ') : <span className="text-mute">–</span>) },
          { key: 'at', header: t('field.created'), sort: 'created_at', align: 'right', from: 'lg', tableOnly: true, cell: (audio) => <Time at={audio.created_at} /> },
        ]}
        rowActions={(audio) => (
          <span className="inline-flex gap-1">
            {audio.state === 'failed' && <IconButton label={t('audio.retry', { name: audio.name })} icon={RotateCw} size="sm" disabledReason={denied} onClick={() => retry.mutate(audio)} />}
            <IconButton
              label={t('audio.delete', { name: audio.name })}
              icon={Trash2}
              size="sm"
              danger
              disabledReason={denied ?? (audio.used_by.length > 0 ? t('audio.inUse', { places: audio.used_by.map((place) => place.name).join(', ') }) : undefined)}
              onClick={() => setAsking(audio)}
            />
          </span>
        )}
        empty={
          <EmptyState icon={Music} title={t('audio.emptyTitle')} action={choose}>
            {t('audio.emptyText')}
          </EmptyState>
        }
      />
      {asking && (
        <ConfirmDialog title={t('audio.deleteTitle', { name: asking.name })} action={t('action.delete')} onClose={() => setAsking(null)} onConfirm={() => remove.mutateAsync(asking).then(() => setAsking(null))}>
          {t('audio.deleteText')}
        </ConfirmDialog>
      )}
    </div>
  );
}

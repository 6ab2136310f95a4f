import { Mic, RotateCcw, Save, Square, Trash2, Upload, Voicemail } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { unwrap } from '@/api/problem';
import { put } from '@/api/upload';
import { useAction } from '@/features/shared/action';
import { useErrorText } from '@/features/shared/errors';
import { soundAt, useSoundError } from '@/features/shared/sound';
import { stale } from '@/features/shared/stale';
import { duration } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { Switch } from '@/ui/field';
import { Card, PageHeader } from '@/ui/page';
import { Player } from '@/ui/player';
import { EmptyState, Notice } from '@/ui/states';
import { MyExtensions, useExtensionTitle, useMyExtensions, type OwnExtension } from './extensions';
import { useRecorder, type Recording } from './recorder';

/** Seconds. */
const LONGEST = 120;
/** Bytes; the server's rule, told before the file is on its way. */
const LARGEST = 20 * 1024 * 1024;
const KINDS = '.mp3,.wav,.webm,.ogg,.m4a,audio/*';
/** Bars of the meter. */
const BARS = 64;

/** What callers hear before they leave a message, and whether a mail tells of it. */
export function GreetingPage() {
  const { t } = useTranslation();
  useTitle(t('me.greeting.title'));
  const query = useMyExtensions();
  return (
    <>
      <PageHeader title={t('me.greeting.title')}>{t('me.greeting.text')}</PageHeader>
      <MyExtensions query={query}>{(items) => <Mailboxes items={items} />}</MyExtensions>
    </>
  );
}

function Mailboxes({ items }: { items: OwnExtension[] }) {
  const { t } = useTranslation();
  const titled = useExtensionTitle(items);
  return (
    <div className="flex max-w-3xl flex-col gap-8">
      {items.map((item) => (
        <section key={item.extension.id} aria-label={titled(item).title} className="flex flex-col gap-6">
          {items.length > 1 && (
            <h2 className="text-base font-semibold">
              {titled(item).title} <span className="font-normal text-mute">{titled(item).description}</span>
            </h2>
          )}
          {item.extension.settings.mailbox ? (
            <>
              <GreetingCard item={item} />
              <MailCard item={item} />
            </>
          ) : (
            <Card>
              <EmptyState icon={Voicemail} title={t('me.greeting.noMailboxTitle')}>
                {t('me.greeting.noMailboxText')}
              </EmptyState>
            </Card>
          )}
        </section>
      ))}
    </div>
  );
}

function GreetingCard({ item }: { item: OwnExtension }) {
  const { t } = useTranslation();
  const path = `/api/v1/me/extensions/${item.extension.id}/greeting`;
  const greeting = item.extension.settings.mailbox?.greeting ?? null;
  const { recording, start, stop, clear } = useRecorder(LONGEST);
  const [refused, setRefused] = useState<string | null>(null);
  const [removing, setRemoving] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const errorText = useErrorText();
  const onError = useSoundError();
  const save = useAction({ quiet: true, stale: stale.me, success: t('me.greeting.saved'), run: (sound: Blob) => put(path, sound) });
  const remove = useAction({ stale: stale.me, success: t('me.greeting.removed'), run: () => unwrap(api.DELETE('/api/v1/me/extensions/{extension}/greeting', { params: { path: { extension: item.extension.id } } })) });
  const keep = (sound: Blob) => {
    setRefused(null);
    save.mutateAsync(sound).then(clear, (error: unknown) => setRefused(errorText.whole(error)));
  };
  const take = (chosen: File | undefined) => {
    if (!chosen) return;
    const fault = !/\.(mp3|wav|webm|ogg|oga|opus|m4a)$/i.test(chosen.name) ? t('me.greeting.kindRule', { name: chosen.name }) : chosen.size > LARGEST ? t('me.greeting.sizeRule', { name: chosen.name }) : null;
    setRefused(fault);
    if (!fault) keep(new Blob([chosen], { type: typeOf(chosen) }));
  };
  const begin = () => {
    setRefused(null);
    start();
  };
  return (
    <Card title={t('me.greeting.now')} description={greeting ? (greeting.kind === 'speech' ? t('me.greeting.isSpeech') : t('me.greeting.isOwn')) : t('me.greeting.isUsual')}>
      <div className="flex flex-col gap-5">
        {refused && (
          <Notice kind="bad" role="alert">
            {refused}
          </Notice>
        )}
        {recording.state === 'trouble' && (
          <Notice kind="warn" role="alert">
            <p className="font-medium">{t(`me.greeting.trouble.${recording.trouble}`)}</p>
            <p className="mt-0.5">{t(`me.greeting.troubleText.${recording.trouble}`)}</p>
          </Notice>
        )}
        {recording.state === 'recording' ? (
          <Recorder recording={recording} onStop={stop} onCancel={clear} />
        ) : recording.state === 'recorded' ? (
          <div className="flex flex-col gap-4 rounded-xl border border-line bg-sunken p-4">
            <p className="text-sm font-medium">{t('me.greeting.listen')}</p>
            <Player key={recording.seconds} label={t('me.greeting.recorded')} load={() => Promise.resolve(recording.sound)} seconds={recording.seconds} peaks={recording.levels} onError={onError} />
            <div className="flex flex-wrap gap-2">
              <Button variant="primary" icon={Save} loading={save.isPending} onClick={() => keep(recording.sound)}>
                {t('me.greeting.save')}
              </Button>
              <Button icon={RotateCcw} onClick={begin}>
                {t('me.greeting.again')}
              </Button>
              <Button variant="ghost" onClick={clear}>
                {t('me.greeting.discard')}
              </Button>
            </div>
          </div>
        ) : (
          <>
            {greeting?.kind === 'audio' && <Player key={item.extension.updated_at} label={t('me.greeting.now')} load={() => soundAt(path)} seconds={0} onError={onError} />}
            {greeting?.kind === 'speech' && <blockquote className="border-l-2 border-line-strong pl-4 text-sm text-soft">{greeting.text}</blockquote>}
            <div className="flex flex-wrap gap-2">
              <Button variant="primary" icon={Mic} loading={recording.state === 'asking'} onClick={begin}>
                {t('me.greeting.record')}
              </Button>
              <Button icon={Upload} loading={save.isPending} onClick={() => file.current?.click()}>
                {t('me.greeting.upload')}
              </Button>
              {greeting && (
                <Button variant="danger-quiet" icon={Trash2} onClick={() => setRemoving(true)}>
                  {t('action.remove')}
                </Button>
              )}
            </div>
            {recording.state === 'asking' && (
              <p role="status" className="text-sm text-mute">
                {t('me.greeting.asking')}
              </p>
            )}
          </>
        )}
      </div>
      <input
        ref={file}
        type="file"
        accept={KINDS}
        className="hidden"
        aria-label={t('me.greeting.upload')}
        onChange={(event) => {
          take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      {removing && (
        <ConfirmDialog title={t('me.greeting.removeTitle')} action={t('action.remove')} onClose={() => setRemoving(false)} onConfirm={() => remove.mutateAsync(undefined)}>
          {t('me.greeting.removeText')}
        </ConfirmDialog>
      )}
    </Card>
  );
}

/** By the name's end, where the system does not know. */
function typeOf(file: File): string {
  const end = file.name.split('.').pop()?.toLowerCase() ?? '';
  const known: Record<string, string> = { mp3: 'audio/mpeg', wav: 'audio/wav', webm: 'audio/webm', ogg: 'audio/ogg', oga: 'audio/ogg', opus: 'audio/ogg', m4a: 'audio/mp4' };
  return known[end] ?? (file.type || 'application/octet-stream');
}

/** While it records: how loud it is now, how it has been, and how long. */
function Recorder({ recording, onStop, onCancel }: { recording: Extract<Recording, { state: 'recording' }>; onStop: () => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const shown = recording.levels.slice(-BARS);
  return (
    <div className="flex flex-col gap-4 rounded-xl border border-bad-dot/40 bg-sunken p-4">
      <div className="flex items-center justify-between gap-3 text-sm">
        <p role="status" className="flex items-center gap-2 font-medium">
          <span aria-hidden className="size-2.5 animate-ring rounded-full bg-bad-dot" />
          {t('me.greeting.recording')}
        </p>
        <p className="tabular text-mute">
          {duration(recording.seconds)} / {duration(LONGEST)}
        </p>
      </div>
      <div role="meter" aria-label={t('me.greeting.level')} aria-valuemin={0} aria-valuemax={255} aria-valuenow={recording.level}>
        <svg aria-hidden viewBox={`0 0 ${BARS} 100`} preserveAspectRatio="none" className="h-16 w-full">
          {Array.from({ length: BARS }, (_, index) => {
            const level = shown[index - (BARS - shown.length)] ?? 0;
            const height = Math.max(3, (level / 255) * 100);
            return <rect key={index} x={index + 0.2} y={50 - height / 2} width={0.6} height={height} className={level > 245 ? 'fill-warn-dot' : level > 0 ? 'fill-accent' : 'fill-control/40'} />;
          })}
        </svg>
      </div>
      <div className="flex flex-wrap gap-2">
        <Button ref={button} variant="primary" icon={Square} onClick={onStop}>
          {t('me.greeting.stop')}
        </Button>
        <Button variant="ghost" onClick={onCancel}>
          {t('action.cancel')}
        </Button>
      </div>
    </div>
  );
}

/** What has a default, or is only shown, need not be sent; the generated types do not know that. */
type MailboxChange = NonNullable<OwnExtension['extension']['settings']['mailbox']>;

function MailCard({ item }: { item: OwnExtension }) {
  const { t } = useTranslation();
  const { id, settings } = item.extension;
  const change = useAction({
    stale: stale.me,
    success: (_, on: boolean) => (on ? t('me.greeting.mailOn') : t('me.greeting.mailOff')),
    run: (mail: boolean) => unwrap(api.PATCH('/api/v1/me/extensions/{extension}', { params: { path: { extension: id } }, body: { mailbox: { mail } as MailboxChange } })),
  });
  return (
    <Card title={t('me.greeting.notices')}>
      <Switch label={t('me.greeting.mail')} hint={t('me.greeting.mailHint')} checked={change.isPending ? change.variables : settings.mailbox?.mail ?? false} onChange={(on) => change.mutate(on)} />
    </Card>
  );
}

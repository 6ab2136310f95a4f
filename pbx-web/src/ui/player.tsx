import { Download, LoaderCircle, Pause, Play } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import { duration } from '@/lib/format';
import { IconButton } from './button';

const BARS = 120;
/** Seconds that an arrow key moves. */
const STRIDE = 5;

/** Fewer bars, each as high as the loudest of those that it stands for. */
function bars(peaks: readonly number[]): number[] {
  if (peaks.length <= BARS) return [...peaks];
  return Array.from({ length: BARS }, (_, bar) => Math.max(...peaks.slice(Math.floor((bar * peaks.length) / BARS), Math.max(Math.floor(((bar + 1) * peaks.length) / BARS), 1))));
}

/**
 * Plays one sound, which is fetched when it is first wanted. `peaks` (0 to 255) draw its outline, which is also the
 * slider: a click or the arrow keys move in it.
 */
export function Player({ label, load, seconds, peaks, onDownload, onPlayed, onError }: {
  label: string;
  load: () => Promise<Blob>;
  seconds: number;
  peaks?: readonly number[] | undefined;
  onDownload?: ((sound: Blob) => void) | undefined;
  onPlayed?: (() => void) | undefined;
  onError: (error: unknown) => void;
}) {
  const { t } = useTranslation();
  const audio = useRef<HTMLAudioElement>(null);
  const [sound, setSound] = useState<{ blob: Blob; url: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(seconds);
  const wanted = useRef(false);
  useEffect(() => {
    if (sound && wanted.current) {
      wanted.current = false;
      audio.current?.play().catch(onError);
    }
    return () => {
      if (sound) URL.revokeObjectURL(sound.url);
    };
  }, [sound, onError]);

  const fetched = async () => {
    if (sound) return sound.blob;
    setBusy(true);
    try {
      const blob = await load();
      setSound({ blob, url: URL.createObjectURL(blob) });
      return blob;
    } finally {
      setBusy(false);
    }
  };
  const toggle = () => {
    if (playing) audio.current?.pause();
    else if (sound) audio.current?.play().catch(onError);
    else {
      wanted.current = true;
      fetched().catch(onError);
    }
  };
  const seek = (to: number) => {
    const place = Math.min(Math.max(to, 0), length);
    setAt(place);
    if (audio.current && sound) audio.current.currentTime = place;
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -STRIDE, ArrowDown: -STRIDE, ArrowRight: STRIDE, ArrowUp: STRIDE, Home: -length, End: length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    seek(at + step);
  };
  const onPoint = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * length);
  };
  const done = length > 0 ? at / length : 0;
  const outline = peaks && peaks.length > 0 ? bars(peaks) : null;
  return (
    <div className="flex min-w-0 items-center gap-3">
      {/* A recording has no captions. */}
      {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
      <audio
        ref={audio}
        src={sound?.url}
        preload="auto"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onLoadedMetadata={(event) => {
          if (Number.isFinite(event.currentTarget.duration)) setLength(event.currentTarget.duration);
          if (at > 0) event.currentTarget.currentTime = at;
        }}
        onEnded={() => {
          setAt(0);
          onPlayed?.();
        }}
      />
      <button
        type="button"
        aria-label={`${playing ? t('player.pause') : t('player.play')}: ${label}`}
        aria-busy={busy || undefined}
        onClick={toggle}
        className="flex size-9 shrink-0 items-center justify-center rounded-full bg-accent text-on-accent shadow-card transition-colors hover:bg-accent-hover"
      >
        {busy ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : playing ? <Pause aria-hidden className="size-4" /> : <Play aria-hidden className="ml-0.5 size-4" />}
      </button>
      <div
        role="slider"
        tabIndex={0}
        aria-label={t('player.position', { label })}
        aria-valuemin={0}
        aria-valuemax={Math.round(length)}
        aria-valuenow={Math.round(at)}
        aria-valuetext={`${duration(at)} / ${duration(length)}`}
        onKeyDown={onKey}
        onPointerDown={onPoint}
        className="flex h-9 min-w-16 flex-1 cursor-pointer items-center rounded-md"
      >
        {outline ? (
          <svg aria-hidden viewBox={`0 0 ${outline.length} 100`} preserveAspectRatio="none" className="h-8 w-full">
            {outline.map((peak, index) => {
              const height = Math.max(4, (peak / 255) * 100);
              return <rect key={index} x={index + 0.15} y={50 - height / 2} width={0.7} height={height} className={cx(index / outline.length < done ? 'fill-accent' : 'fill-control/50')} />;
            })}
          </svg>
        ) : (
          <span aria-hidden className="relative h-1.5 w-full overflow-hidden rounded-full bg-control/30">
            <svg viewBox="0 0 100 1" preserveAspectRatio="none" className="absolute inset-0 size-full">
              <rect width={done * 100} height="1" className="fill-accent" />
            </svg>
          </span>
        )}
      </div>
      <span className="tabular shrink-0 text-xs text-mute">
        {duration(at)} / {duration(length)}
      </span>
      {onDownload && (
        <IconButton
          label={`${t('player.download')}: ${label}`}
          icon={Download}
          onClick={() => {
            fetched().then(onDownload).catch(onError);
          }}
        />
      )}
    </div>
  );
}

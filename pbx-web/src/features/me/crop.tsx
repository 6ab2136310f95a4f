import { useEffect, useRef, useState, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Loading, Notice, Skeleton } from '@/ui/states';

/** Pixels of a side of what is sent. */
const SIDE = 512;
const QUALITY = 0.9;
const CLOSEST = 4;

/** Which square of the picture: `x` and `y` from -1 (left, top) to 1, `zoom` from 1. */
interface Frame {
  x: number;
  y: number;
  zoom: number;
}

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** The square in the picture's own pixels. */
function square(picture: { width: number; height: number }, { x, y, zoom }: Frame): { left: number; top: number; side: number } {
  const side = Math.min(picture.width, picture.height) / zoom;
  return { side, left: ((picture.width - side) * (x + 1)) / 2, top: ((picture.height - side) * (y + 1)) / 2 };
}

/** A picture cut to a square, here in the browser: moved by dragging or with the sliders. */
export function CropDialog({ file, onDone, onClose }: { file: Blob; onDone: (square: Blob) => Promise<unknown>; onClose: () => void }) {
  const { t } = useTranslation();
  const [picture, setPicture] = useState<ImageBitmap | 'unreadable' | null>(null);
  const [frame, setFrame] = useState<Frame>({ x: 0, y: 0, zoom: 1 });
  const [saving, setSaving] = useState(false);
  const canvas = useRef<HTMLCanvasElement>(null);
  const held = useRef<{ x: number; y: number } | null>(null);

  useEffect(() => {
    let gone = false;
    let opened: ImageBitmap | null = null;
    createImageBitmap(file).then(
      (bitmap) => {
        if (gone) bitmap.close();
        else setPicture((opened = bitmap));
      },
      () => {
        if (!gone) setPicture('unreadable');
      },
    );
    return () => {
      gone = true;
      opened?.close();
    };
  }, [file]);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !picture || picture === 'unreadable') return;
    const { left, top, side } = square(picture, frame);
    // What shows through is white in a JPEG of ours, not black.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, SIDE, SIDE);
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, left, top, side, side, 0, 0, SIDE, SIDE);
  }, [picture, frame]);

  const move = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!held.current || !picture || picture === 'unreadable') return;
    const { side } = square(picture, frame);
    const scale = side / event.currentTarget.getBoundingClientRect().width;
    const by = (moved: number, length: number) => (length > side ? (moved * scale * 2) / (length - side) : 0);
    const [dx, dy] = [event.clientX - held.current.x, event.clientY - held.current.y];
    held.current = { x: event.clientX, y: event.clientY };
    setFrame((now) => ({ ...now, x: within(now.x - by(dx, picture.width), -1, 1), y: within(now.y - by(dy, picture.height), -1, 1) }));
  };
  const save = () => {
    setSaving(true);
    canvas.current?.toBlob(
      (blob) => {
        if (blob) onDone(blob).then(onClose, () => setSaving(false));
        else {
          setSaving(false);
          setPicture('unreadable');
        }
      },
      'image/jpeg',
      QUALITY,
    );
  };
  const ready = picture !== null && picture !== 'unreadable';
  const sliders = [
    { name: 'zoom', from: 1, to: CLOSEST },
    { name: 'x', from: -1, to: 1 },
    { name: 'y', from: -1, to: 1 },
  ] as const;
  return (
    <Dialog
      title={t('me.avatar.cropTitle')}
      description={t('me.avatar.cropText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          {ready && (
            <Button variant="primary" loading={saving} onClick={save}>
              {t('action.save')}
            </Button>
          )}
        </>
      }
    >
      {picture === 'unreadable' ? (
        <Notice kind="bad" role="alert">
          {t('server.picture')}
        </Notice>
      ) : !ready ? (
        <Loading>
          <Skeleton className="mx-auto size-56 rounded-full" />
        </Loading>
      ) : (
        <div className="flex flex-col items-center gap-6">
          <div role="img" aria-label={t('me.avatar.preview')}>
            <canvas
              ref={canvas}
              width={SIDE}
              height={SIDE}
              onPointerDown={(event) => {
                held.current = { x: event.clientX, y: event.clientY };
                event.currentTarget.setPointerCapture(event.pointerId);
              }}
              onPointerMove={move}
              onPointerUp={() => (held.current = null)}
              onPointerCancel={() => (held.current = null)}
              onWheel={(event) => setFrame((now) => ({ ...now, zoom: within(now.zoom * (event.deltaY < 0 ? 1.08 : 1 / 1.08), 1, CLOSEST) }))}
              className="block size-56 cursor-grab touch-none rounded-full border border-line shadow-card active:cursor-grabbing"
            />
          </div>
          <div className="grid w-full gap-3">
            {sliders.map(({ name, from, to }) => (
              <label key={name} className="grid grid-cols-[7rem_1fr] items-center gap-3 text-sm">
                {t(`me.avatar.${name}`)}
                <input type="range" min={from} max={to} step={0.01} value={frame[name]} onChange={(event) => setFrame({ ...frame, [name]: Number(event.target.value) })} className="w-full accent-accent" />
              </label>
            ))}
          </div>
        </div>
      )}
    </Dialog>
  );
}

import { Download } from 'lucide-react';
import { useId, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useBeforeUnload } from 'react-router';
import type { DeviceCredentials } from '@/api/types';
import { download } from '@/lib/text';
import { Button } from '@/ui/button';
import { CopyButton } from '@/ui/copy';
import { Dialog } from '@/ui/dialog';
import { Notice } from '@/ui/states';
import { readQr } from './qr';

/** What a phone signs in with, shown this once. Neither Esc nor a click outside closes it. */
export function CredentialsDialog({ credentials, onClose }: { credentials: DeviceCredentials; onClose: () => void }) {
  const { t } = useTranslation();
  const [kept, setKept] = useState(false);
  const id = useId();
  useBeforeUnload((event) => event.preventDefault());
  const rows = [
    { key: 'username', label: t('credentials.username'), value: credentials.username },
    { key: 'password', label: t('credentials.password'), value: credentials.password },
    { key: 'realm', label: t('credentials.realm'), value: credentials.realm },
    { key: 'server', label: t('credentials.server'), value: `${credentials.server}:${credentials.port}` },
    { key: 'transport', label: t('credentials.transport'), value: credentials.transport.toUpperCase() },
  ];
  const save = () => {
    download(`voxera-${credentials.name.replace(/[^\p{L}\p{N}]+/gu, '-') || 'phone'}.txt`, [credentials.name, '', ...rows.map((row) => `${row.label}: ${row.value}`), '', credentials.provisioning_uri, ''].join('\r\n'));
    setKept(true);
  };
  return (
    <Dialog
      wide
      title={t('credentials.title', { name: credentials.name })}
      onClose={onClose}
      dismissable={false}
      hideClose
      footer={
        <>
          <Button icon={Download} onClick={save}>
            {t('credentials.download')}
          </Button>
          <Button variant="primary" disabledReason={kept ? undefined : t('credentials.confirmFirst')} onClick={onClose}>
            {t('credentials.done')}
          </Button>
        </>
      }
    >
      <Notice kind="warn">{t('credentials.once')}</Notice>
      <div className="mt-5 grid gap-6 sm:grid-cols-[1fr_11rem]">
        <dl className="flex min-w-0 flex-col divide-y divide-line rounded-lg border border-line">
          {rows.map((row) => (
            <div key={row.key} className="py-1.5 pr-1.5 pl-3.5">
              <dt className="text-xs text-mute">{row.label}</dt>
              <dd className="-mt-1 flex items-center gap-3">
                <span data-credential={row.key} className="min-w-0 flex-1 font-mono text-sm break-all">
                  {row.value}
                </span>
                <CopyButton text={row.value} label={row.label} />
              </dd>
            </div>
          ))}
        </dl>
        <figure className="m-0 flex flex-col items-center gap-2 self-start">
          <Qr svg={credentials.qr_svg} label={t('credentials.qrAlt')} />
          <figcaption className="text-center text-xs text-mute">{t('credentials.qr')}</figcaption>
        </figure>
      </div>
      <label htmlFor={id} className="mt-5 flex cursor-pointer items-start gap-2.5 text-sm">
        <input id={id} type="checkbox" checked={kept} onChange={(event) => setKept(event.target.checked)} className="mt-0.5 size-4 accent-accent" />
        {t('credentials.kept')}
      </label>
    </Dialog>
  );
}

function Qr({ svg, label }: { svg: string; label: string }) {
  const picture = useMemo(() => readQr(svg), [svg]);
  if (!picture) return null;
  return (
    <svg role="img" aria-label={label} viewBox={picture.viewBox} shapeRendering="crispEdges" className="size-44 rounded-lg border border-line bg-white p-1.5">
      {picture.shapes.map((shape, index) =>
        shape.kind === 'path' ? (
          <path key={index} d={shape.d} className={shape.dark ? 'fill-black' : 'fill-white'} />
        ) : (
          <rect key={index} x={shape.x} y={shape.y} width={shape.width} height={shape.height} className={shape.dark ? 'fill-black' : 'fill-white'} />
        ),
      )}
    </svg>
  );
}

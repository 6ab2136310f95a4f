import { Mic, PhoneCall, Volume2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MyExtension } from '@/api/types';
import { Button } from '@/ui/button';
import { Field, Select, Switch } from '@/ui/field';
import { canChooseSpeaker, chosenDevices, keepDevices, listDevices, meter, NoMicrophone, onDevices, openMicrophone, stopStream, type Chosen } from './media';
import { askToNotify, notifyState } from './notify';
import { callsSoon, chooseExtension, chosenExtension, isOn, switchPhone, tell } from './phone';
import { usePhone } from './store';
import { chime } from './tones';
import { show } from './view';

export function SettingsPart({ extensions }: { extensions: MyExtension[] }) {
  const { t } = useTranslation();
  const { line } = usePhone();
  const [on, setOn] = useState(isOn);
  const [notify, setNotify] = useState(notifyState);
  const [extension, setExtension] = useState(chosenExtension() || (extensions[0]?.extension.id ?? ''));
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-5 overflow-y-auto px-4 pt-1 pb-5">
      <Switch
        label={t('phone.settings.here')}
        hint={t('phone.settings.hereHint')}
        checked={on}
        onChange={(next) => {
          setOn(next);
          switchPhone(next);
        }}
      />
      {extensions.length > 1 && (
        <Field label={t('phone.settings.extension')}>
          {(field) => (
            <Select
              {...field}
              value={extension}
              onChange={(event) => {
                setExtension(event.target.value);
                chooseExtension(event.target.value);
              }}
            >
              {extensions.map((mine) => (
                <option key={mine.extension.id} value={mine.extension.id}>
                  {mine.extension.number} {mine.extension.name} · {mine.pbx_name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Devices />
      <div>
        <Button
          {...callsSoon}
          size="lg"
          icon={PhoneCall}
          className="w-full"
          disabledReason={line === 'ready' ? undefined : t(`phone.line.${line}`)}
          onClick={() => {
            tell({ do: 'dial', number: '*43', name: null, test: true });
            show({ part: 'pad' });
          }}
        >
          {t('phone.settings.test')}
        </Button>
        <p className="mt-1.5 text-xs text-mute">{t('phone.settings.testHint')}</p>
      </div>
      {notify !== 'none' && (
        <div className="border-t border-line pt-4">
          <p className="text-sm font-medium">{t('phone.settings.notify')}</p>
          {notify === 'default' ? (
            <Button className="mt-2 pointer-coarse:h-11" onClick={() => void askToNotify().then(() => setNotify(notifyState()))}>
              {t('phone.notify.allow')}
            </Button>
          ) : (
            <p className="mt-0.5 text-xs text-mute">{t(notify === 'granted' ? 'phone.settings.notifyOn' : 'phone.settings.notifyDenied')}</p>
          )}
        </div>
      )}
    </div>
  );
}

const SORTS = { microphone: 'audioinput', speaker: 'audiooutput', ringer: 'audiooutput' } as const;

function Devices() {
  const { t } = useTranslation();
  const [known, setKnown] = useState<MediaDeviceInfo[]>([]);
  const [chosen, setChosen] = useState<Chosen>(chosenDevices);
  useEffect(() => {
    const look = () => void listDevices().then(setKnown);
    look();
    return onDevices(look);
  }, []);
  const choose = (next: Partial<Chosen>) => {
    const all = { ...chosen, ...next };
    setChosen(all);
    keepDevices(all);
    tell({ do: 'devices' });
  };
  return (
    <div className="flex flex-col gap-4 border-t border-line pt-4">
      {(['microphone', 'speaker', 'ringer'] as const).map((which) =>
        which !== 'microphone' && !canChooseSpeaker() ? null : (
          <div key={which} className="flex flex-col gap-2">
            <Field label={t(`phone.settings.${which}`)}>
              {(field) => (
                <Select {...field} value={chosen[which]} onChange={(event) => choose({ [which]: event.target.value })}>
                  <option value="">{t('phone.settings.system')}</option>
                  {known
                    // Before the microphone was ever allowed, browsers name none.
                    .filter((device) => device.kind === SORTS[which] && device.deviceId !== '' && device.deviceId !== 'default')
                    .map((device, index) => (
                      <option key={device.deviceId} value={device.deviceId}>
                        {device.label || t('phone.settings.unnamed', { number: index + 1 })}
                      </option>
                    ))}
                </Select>
              )}
            </Field>
            {which === 'microphone' && <Level key={chosen.microphone} device={chosen.microphone} onOpened={() => void listDevices().then(setKnown)} />}
            {which !== 'microphone' && (
              <Button icon={Volume2} size="sm" className="self-start pointer-coarse:h-11" onClick={() => chime(chosen[which])} aria-label={`${t('phone.settings.chime')}: ${t(`phone.settings.${which}`)}`}>
                {t('phone.settings.chime')}
              </Button>
            )}
          </div>
        ),
      )}
    </div>
  );
}

/** A bar that moves with the voice. */
function Level({ device, onOpened }: { device: string; onOpened: () => void }) {
  const { t } = useTranslation();
  const [stream, setStream] = useState<MediaStream | null>(null);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!stream) return;
    const end = meter(stream, (level) => {
      const share = String(Math.round(level * 100));
      bar.current?.setAttribute('aria-valuenow', share);
      bar.current?.querySelector('rect')?.setAttribute('width', share);
    });
    return () => {
      end();
      stopStream(stream);
    };
  }, [stream]);
  const hear = () => {
    openMicrophone(device).then(
      (opened) => {
        setStream(opened);
        onOpened();
      },
      (error: unknown) => tell({ do: 'microphone', problem: error instanceof NoMicrophone ? error.problem : 'fault' }),
    );
  };
  return (
    <div className="flex items-center gap-3">
      <Button icon={Mic} size="sm" className="pointer-coarse:h-11" onClick={stream ? () => setStream(null) : hear}>
        {t(stream ? 'phone.settings.stop' : 'phone.settings.hear')}
      </Button>
      {stream && (
        <div ref={bar} role="meter" aria-label={t('phone.settings.level')} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0} className="h-2 min-w-0 flex-1 overflow-hidden rounded-full bg-line-strong">
          <svg aria-hidden viewBox="0 0 100 1" preserveAspectRatio="none" className="size-full">
            <rect width="0" height="1" className="fill-good-dot" />
          </svg>
        </div>
      )}
    </div>
  );
}

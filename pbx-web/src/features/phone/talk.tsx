import { ArrowLeftRight, CircleAlert, CircleParking, Grid3x3, Mic, MicOff, Pause, Phone, PhoneForwarded, PhoneOff, Play, Search, Undo2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import { useFormat } from '@/lib/format';
import { Button } from '@/ui/button';
import { Input } from '@/ui/field';
import { callOf, isNumber, waitingOf, type Party, type PhoneCall, type Sound } from './calls';
import { CallTimer, Control, FaceOf, useWho } from './parts';
import { Keys } from './pad';
import { ColleagueRow, useColleagues } from './people';
import { PARK } from './park';
import { callsSoon, tell } from './phone';
import { usePhone } from './store';
import { show, useView } from './view';

/** The call in front. */
export function TalkPart({ call }: { call: PhoneCall }) {
  const { t } = useTranslation();
  const who = useWho();
  const state = usePhone();
  const { handing, keys } = useView();
  const waiting = waitingOf(state);
  const first = callOf(state, call.asksFor);
  if (handing === call.id && call.phase === 'talking') return <HandOver call={call} />;
  const over = call.phase === 'ended';
  const talking = call.phase === 'talking';
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-call={call.id} data-phase={call.phase}>
      {waiting.map((other) => (
        <div key={other.id} className="mx-3 mb-1 flex min-h-12 items-center gap-3 rounded-xl bg-warn-soft pr-1 pl-3 text-sm text-warn">
          <Pause aria-hidden className="size-4 shrink-0" />
          <span className="min-w-0 flex-1 truncate">{t('phone.call.waits', { who: who(other.party) })}</span>
          {!call.asksFor && (
            <button type="button" onClick={() => tell({ do: 'swap', id: other.id })} aria-label={t('phone.call.swapTo', { who: who(other.party) })} className="flex min-h-11 items-center gap-1.5 rounded-lg px-3 font-medium hover:bg-surface/60">
              <ArrowLeftRight aria-hidden className="size-4" />
              {t('phone.call.swap')}
            </button>
          )}
        </div>
      ))}
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-4 text-center">
        <div className={cx('flex flex-col items-center', !keys && 'my-auto py-4')}>
          {!keys && (
            <div className={cx('rounded-full', talking && !call.held && 'ring-2 ring-good-dot/60 ring-offset-4 ring-offset-surface')}>
              <FaceOf party={call.party} size="lg" />
            </div>
          )}
          <h2 className={cx('max-w-full truncate text-lg font-semibold', keys ? 'mt-1' : 'mt-4')}>{call.test ? t('phone.call.test') : who(call.party)}</h2>
          {call.party.name && !keys && <p className="tabular text-xs text-mute">{call.party.number}</p>}
          <p className="mt-1 flex min-h-5 items-center gap-2 text-sm text-soft">
            {over ? (
              t('phone.call.ended')
            ) : call.held ? (
              t('phone.call.held')
            ) : talking ? (
              <CallTimer call={call} />
            ) : (
              t(`phone.call.${call.phase}`)
            )}
            {over && call.answeredAt !== null && (
              <>
                · <CallTimer call={call} />
              </>
            )}
          </p>
          {over && call.reason && <p className="mt-2 text-sm text-balance text-mute">{t(`phone.reason.${call.reason}`)}</p>}
          {talking && call.test && <p className="mt-1 text-xs text-mute">{t('phone.call.testHint')}</p>}
          {talking && call.heldByThem && <p className="mt-1 text-xs text-mute">{t('phone.call.heldByThem')}</p>}
          {call.transfer?.state === 'passing' && <p className="mt-2 text-sm text-soft">{t('phone.transfer.passing', { who: who(call.transfer.to) })}</p>}
          {call.transferFailed && !over && <Trouble>{t('phone.transfer.failed')}</Trouble>}
          {call.trouble && <Trouble>{t(`phone.trouble.${call.trouble}`, { who: who(call.party) })}</Trouble>}
          {talking && !call.held && !call.trouble && !keys && <SoundWords sound={call.sound} />}
          {keys && talking && (
            <div className="w-full pt-2">
              <p className="tabular h-7 truncate text-lg">
                <span className="sr-only">{t('phone.call.keysPressed')}: </span>
                {call.keys}
              </p>
              <Keys compact onKey={(key) => tell({ do: 'key', id: call.id, key })} />
            </div>
          )}
        </div>
      </div>
      {first && !over && <Asking call={call} first={first} />}
      {!over && (
        <div className="px-3 pt-2 pb-3">
          <div className="mx-auto grid w-fit grid-cols-4 justify-items-center">
            <Control icon={call.muted ? MicOff : Mic} label={t(call.muted ? 'phone.call.unmute' : 'phone.call.mute')} on={call.muted} aria-pressed={call.muted} onClick={() => tell({ do: 'mute', id: call.id, on: !call.muted })} />
            <Control icon={call.held ? Play : Pause} label={t(call.held ? 'phone.call.resume' : 'phone.call.hold')} on={call.held} aria-pressed={call.held} disabled={!talking} onClick={() => tell({ do: 'hold', id: call.id, on: !call.held })} />
            <Control icon={Grid3x3} label={t('phone.call.keypad')} on={keys} aria-pressed={keys} disabled={!talking} onClick={() => show({ keys: !keys })} />
            <Control icon={PhoneForwarded} label={t('phone.call.transfer')} disabled={!talking || call.asksFor !== null || call.test || call.transfer !== null} onClick={() => show({ handing: call.id })} />
          </div>
          {!first && (
            <div className="mt-2 flex justify-center">
              <HangUp call={call} />
            </div>
          )}
        </div>
      )}
      {over && (
        <div className="flex justify-center gap-2 px-3 pb-4">
          {!call.test && call.party.number && call.reason !== 'passed_on' && (
            <Button {...callsSoon} icon={Phone} size="lg" onClick={() => tell({ do: 'dial', number: call.party.number, name: call.party.name })}>
              {t('phone.pad.call')}
            </Button>
          )}
          <Button size="lg" variant="ghost" onClick={() => tell({ do: 'forget', id: call.id })}>
            {t('action.close')}
          </Button>
        </div>
      )}
    </div>
  );
}

function HangUp({ call }: { call: PhoneCall }) {
  const { t } = useTranslation();
  return (
    <button type="button" onClick={() => tell({ do: 'hangUp', id: call.id })} className="flex h-13 w-40 items-center justify-center gap-2.5 rounded-full bg-bad text-base font-medium text-surface transition-colors hover:bg-bad-hover">
      <PhoneOff aria-hidden className="size-5" />
      {t('phone.call.hangUp')}
    </button>
  );
}

function Trouble({ children }: { children: React.ReactNode }) {
  return (
    <p role="status" className="mt-3 flex items-start gap-2 rounded-xl bg-warn-soft px-3 py-2.5 text-left text-sm text-warn">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      {children}
    </p>
  );
}

const tones = { good: 'bg-good-dot', fair: 'bg-warn-dot', poor: 'bg-bad-dot' };

/** How the sound is, in words; in figures for whoever asks. */
function SoundWords({ sound }: { sound: Sound | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!sound) return <p className="mt-3 text-xs text-mute">{t('phone.sound.measuring')}</p>;
  const ms = (value: number) => t('phone.sound.ms', { value: format.number(value) });
  return (
    <details className="mt-3 w-full text-xs text-soft">
      <summary className="mx-auto flex min-h-8 w-fit cursor-pointer list-none items-center gap-2 rounded-lg px-2.5 hover:bg-hover [&::-webkit-details-marker]:hidden" title={t('phone.sound.details')}>
        <span aria-hidden className={cx('size-2 rounded-full', tones[sound.grade])} />
        {t(`phone.sound.${sound.grade}`)}
      </summary>
      <dl aria-label={t('phone.sound.details')} className="tabular mx-auto mt-1 grid w-64 grid-cols-[1fr_auto] gap-x-6 gap-y-0.5 text-left text-mute">
        <dt>{t('phone.sound.codec')}</dt>
        <dd className="text-right">{sound.codec || '–'}</dd>
        <dt>{t('phone.sound.loss')}</dt>
        <dd className="text-right">{t('phone.sound.percent', { value: format.number(sound.loss * 100, 1) })}</dd>
        <dt>{t('phone.sound.jitter')}</dt>
        <dd className="text-right">{ms(sound.jitter)}</dd>
        <dt>{t('phone.sound.delay')}</dt>
        <dd className="text-right">{sound.delay === null ? '–' : ms(sound.delay)}</dd>
      </dl>
      {sound.grade === 'poor' && <p className="mt-1 text-center text-mute">{t('phone.sound.poorHint')}</p>}
    </details>
  );
}

/** One asks the next person while the first waits. */
function Asking({ call, first }: { call: PhoneCall; first: PhoneCall }) {
  const { t } = useTranslation();
  const who = useWho();
  return (
    <div className="mx-3 flex flex-col gap-2 rounded-xl border border-line bg-sunken p-3">
      <p className="text-center text-xs text-soft">{t('phone.transfer.asking', { to: who(call.party), who: who(first.party) })}</p>
      <div className="grid gap-2">
        <Button variant="primary" size="lg" icon={PhoneForwarded} loading={first.transfer?.state === 'passing'} onClick={() => tell({ do: 'passAsked', id: first.id })}>
          {t('phone.transfer.join')}
        </Button>
        <Button size="lg" icon={Undo2} onClick={() => tell({ do: 'takeBack', id: first.id })}>
          <span className="truncate">{t('phone.transfer.giveUp', { who: who(first.party) })}</span>
        </Button>
      </div>
    </div>
  );
}

/** To whom, and whether they are asked first. */
function HandOver({ call }: { call: PhoneCall }) {
  const { t } = useTranslation();
  const who = useWho();
  const [typed, setTyped] = useState('');
  const [picked, setPicked] = useState<Party | null>(null);
  const query = useColleagues(typed);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const target = picked ?? (isNumber(typed) ? { number: typed.trim(), name: null } : null);
  const done = () => show({ handing: null, keys: false });
  const rows = (query.data?.items ?? []).filter((row) => row.extension.number !== call.party.number);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <h2 className="truncate px-4 pb-2 text-base font-semibold">{t('phone.transfer.title', { who: who(call.party) })}</h2>
      <div className="relative px-3 pb-2">
        <Search aria-hidden className="pointer-events-none absolute top-3.5 left-6 size-4 text-mute" />
        <Input
          ref={field}
          aria-label={t('phone.pad.label')}
          placeholder={t('phone.pad.placeholder')}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setPicked(null);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            done();
          }}
          className="h-11 pl-9"
          autoComplete="off"
        />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-2">
        <ul aria-label={t('phone.colleagues.label')}>
          {rows.map((colleague) => (
            <ColleagueRow key={colleague.extension.id} colleague={colleague} picked={picked?.number === colleague.extension.number} onPick={() => setPicked({ number: colleague.extension.number, name: colleague.extension.name })} />
          ))}
        </ul>
      </div>
      <div className="flex flex-col gap-2 border-t border-line p-3">
        <p className="text-xs text-balance text-mute">{t('phone.transfer.hint', { who: who(call.party) })}</p>
        <div className="grid grid-cols-2 gap-2">
          <Button
            {...callsSoon}
            size="lg"
            icon={Phone}
            disabledReason={target ? undefined : t('phone.pad.nothing')}
            aria-label={target ? t('phone.transfer.askWho', { who: who(target) }) : undefined}
            onClick={() => {
              if (target) tell({ do: 'ask', id: call.id, ...target });
              done();
            }}
          >
            {t('phone.transfer.ask')}
          </Button>
          <Button
            size="lg"
            variant="primary"
            icon={PhoneForwarded}
            disabledReason={target ? undefined : t('phone.pad.nothing')}
            aria-label={target ? t('phone.transfer.passTo', { who: who(target) }) : undefined}
            onClick={() => {
              if (target) tell({ do: 'pass', id: call.id, ...target });
              done();
            }}
          >
            {t('phone.transfer.pass')}
          </Button>
        </div>
        <div className="grid grid-cols-2 gap-2">
          <Button
            size="lg"
            icon={CircleParking}
            title={t('phone.transfer.parkHint', { who: who(call.party) })}
            onClick={() => {
              tell({ do: 'pass', id: call.id, number: PARK, name: t('phone.transfer.slot') });
              done();
            }}
          >
            {t('phone.transfer.park')}
          </Button>
          <Button size="lg" variant="ghost" onClick={done}>
            {t('action.cancel')}
          </Button>
        </div>
      </div>
    </div>
  );
}

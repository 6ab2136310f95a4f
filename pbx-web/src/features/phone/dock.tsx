import { BellOff, ChevronDown, ChevronUp, Grip, History, Mic, MicOff, Phone, PhoneOff, Settings, UsersRound, Voicemail, X, type LucideIcon } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { MyExtension } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { stale } from '@/features/shared/stale';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { Tooltips } from '@/ui/tooltips';
import { currentOf, incomingOf, isOurs, missedOf, type Line, type PhoneCall } from './calls';
import { Above } from './incoming';
import { MailboxPart, useMessages } from './mailbox';
import { MicrophoneHelp } from './microphone';
import { askToNotify, mayOffer, notify, putOff, useFlashingTitle } from './notify';
import { PadPart } from './pad';
import { CallTimer, Tool, useWho } from './parts';
import { ColleaguesPart } from './people';
import { chosenExtension, leads, startPhone, switchPhone, tell } from './phone';
import { RecentPart } from './recent';
import { SettingsPart } from './settings';
import { usePhone } from './store';
import { TalkPart } from './talk';
import { show, useView, type Part } from './view';

const dots: Record<Line, string> = { off: 'bg-idle-dot', connecting: 'bg-warn-dot', ready: 'bg-good-dot', lost: 'bg-bad-dot', refused: 'bg-bad-dot' };

/** The phone of whoever is signed in and has an extension: folded at the corner, or open beside the page. */
export function Phonedock({ extensions }: { extensions: MyExtension[] }) {
  const state = usePhone();
  const { open } = useView();
  const front = currentOf(state);
  const mine = extensions.find(({ extension }) => extension.id === chosenExtension()) ?? extensions[0];
  useEffect(() => startPhone(), []);
  useEffect(() => {
    document.documentElement.dataset.phone = open ? 'open' : 'folded';
    return () => {
      delete document.documentElement.dataset.phone;
    };
  }, [open]);
  const up = front && isOurs(front) ? front.id : null;
  useEffect(() => {
    // A call that begins is shown where somebody looks.
    if (up && document.visibilityState === 'visible') show({ open: true, handing: null, keys: false });
  }, [up]);
  useCaller();
  if (!mine) return null;
  return (
    <Tooltips>
      {open ? <Panel extensions={extensions} mine={mine} front={front} /> : <Folded front={front} />}
      <Above />
      <Announcer front={front} />
    </Tooltips>
  );
}

/** Tells who calls outside the page as well. */
function useCaller(): void {
  const { t } = useTranslation();
  const who = useWho();
  const state = usePhone();
  const [first] = incomingOf(state);
  const text = first ? t('phone.notify.incoming', { who: who(first.party) }) : null;
  useFlashingTitle(text);
  const latest = useRef<PhoneCall | undefined>(undefined);
  useEffect(() => {
    latest.current = first;
  });
  const id = first?.id;
  useEffect(() => {
    const call = latest.current;
    // One tab is enough to tell.
    if (!id || !call || text === null || !leads()) return;
    return notify(text, call, () => show({ open: true }));
  }, [id, text]);
}

/** What happens in the call, for those who hear the page. */
function Announcer({ front }: { front: PhoneCall | null }) {
  const { t } = useTranslation();
  const who = useWho();
  const [first] = incomingOf(usePhone());
  const name = front ? who(front.party) : '';
  const said = !front
    ? ''
    : front.phase === 'ended'
      ? t('phone.call.said.ended', { who: name, why: front.reason ? t(`phone.reason.${front.reason}`) : '' })
      : front.held
        ? t('phone.call.said.held', { who: name })
        : front.phase === 'incoming'
          ? ''
          : t(`phone.call.said.${front.phase}`, { who: name });
  return (
    <div className="sr-only">
      <p role="status">{said}</p>
      <p role="alert">{first ? t('phone.incoming.title', { who: who(first.party) }) : ''}</p>
    </div>
  );
}

function Folded({ front }: { front: PhoneCall | null }) {
  const { t } = useTranslation();
  const who = useWho();
  const state = usePhone();
  const missed = missedOf(state).length;
  const call = front && isOurs(front) ? front : null;
  const open = () => show({ open: true });
  return (
    <section
      aria-label={t('phone.title')}
      data-line={state.line}
      className="fixed inset-x-0 bottom-0 z-30 flex h-14 items-center border-t border-line bg-surface/95 px-1.5 backdrop-blur sm:inset-x-auto sm:right-5 sm:bottom-5 sm:h-12 sm:rounded-full sm:border sm:px-0.5 sm:shadow-pop"
    >
      {call ? (
        <>
          <button type="button" onClick={open} aria-label={t('phone.open')} className="flex h-11 min-w-0 flex-1 items-center gap-3 rounded-full pr-2 pl-4 text-sm hover:bg-hover">
            <span aria-hidden className="size-2 shrink-0 animate-ring rounded-full bg-good-dot" />
            <span className="max-w-44 min-w-0 truncate font-medium">{call.test ? t('phone.call.test') : who(call.party)}</span>
            <span className="text-soft">{call.phase === 'talking' ? <CallTimer call={call} /> : t(`phone.call.${call.phase === 'ended' ? 'ended' : call.phase}`)}</span>
          </button>
          <Tool icon={call.muted ? MicOff : Mic} label={t(call.muted ? 'phone.call.unmute' : 'phone.call.mute')} pressed={call.muted} onClick={() => tell({ do: 'mute', id: call.id, on: !call.muted })} />
          <Tool icon={PhoneOff} label={t('phone.call.hangUp')} onClick={() => tell({ do: 'hangUp', id: call.id })} className="bg-bad text-surface hover:bg-bad-hover hover:text-surface" />
        </>
      ) : (
        <button type="button" onClick={open} aria-label={missed > 0 ? `${t('phone.open')}, ${t('phone.missed', { count: missed })}` : t('phone.open')} className="flex h-11 w-full items-center gap-2.5 rounded-full px-3.5 text-sm font-medium hover:bg-hover">
          <span aria-hidden className="relative">
            <Phone className="size-4.5" />
            <span className={cx('absolute -top-1 -right-1 size-2.5 rounded-full border-2 border-surface', dots[state.line])} />
          </span>
          {t('phone.title')}
          {missed > 0 && (
            <span aria-hidden className="tabular ml-auto min-w-5 rounded-full bg-bad px-1.5 text-center text-xs leading-5 text-surface sm:ml-0">
              {missed}
            </span>
          )}
          <ChevronUp aria-hidden className={cx('size-4 text-mute sm:hidden', missed === 0 && 'ml-auto')} />
        </button>
      )}
    </section>
  );
}

const PARTS: { part: Exclude<Part, 'settings'>; icon: LucideIcon }[] = [
  { part: 'pad', icon: Grip },
  { part: 'colleagues', icon: UsersRound },
  { part: 'recent', icon: History },
  { part: 'messages', icon: Voicemail },
];

function Panel({ extensions, mine, front }: { extensions: MyExtension[]; mine: MyExtension; front: PhoneCall | null }) {
  const { t } = useTranslation();
  const state = usePhone();
  const { part } = useView();
  const panel = useRef<HTMLElement>(null);
  const missed = missedOf(state).length;
  const news = (useMessages().data?.items ?? []).filter((message) => !message.heard).length;
  useEffect(() => {
    const element = panel.current;
    if (element && !element.contains(document.activeElement) && document.activeElement === document.body) element.focus({ preventScroll: true });
  }, []);
  const fold = () => {
    show({ open: false });
    // Whoever came by keyboard stands where the phone was.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-line] button')?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      fold();
      return;
    }
    const field = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (field || event.ctrlKey || event.metaKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return;
    // A digit typed anywhere in the phone is a key of the call, or begins a number.
    if (front?.phase === 'talking') {
      event.preventDefault();
      show({ keys: true });
      tell({ do: 'key', id: front.id, key: event.key });
    }
  };
  return (
    // Keys work wherever in it one stands.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      ref={panel}
      tabIndex={-1}
      aria-label={t('phone.title')}
      data-line={state.line}
      onKeyDown={onKeyDown}
      className="fixed inset-x-0 bottom-0 z-30 flex h-[min(42rem,90dvh)] animate-appear flex-col overflow-hidden rounded-t-2xl border border-line bg-surface shadow-pop outline-none sm:inset-x-auto sm:right-5 sm:bottom-5 sm:h-[min(38rem,calc(100dvh-2.5rem))] sm:w-88 sm:rounded-2xl"
    >
      <header className="flex shrink-0 items-center gap-0.5 py-1 pr-1.5 pl-4">
        <div className="min-w-0 flex-1">
          <p className="truncate text-sm font-semibold">
            <span className="tabular">{mine.extension.number}</span> {mine.extension.name}
          </p>
          <p role="status" className="flex items-center gap-1.5 text-xs text-mute">
            <span aria-hidden className={cx('size-2 shrink-0 rounded-full', dots[state.line])} />
            {t(`phone.line.${state.line}`)}
          </p>
        </div>
        <DoNotDisturb mine={mine} />
        <Tool icon={Settings} label={t('phone.settings.open')} pressed={part === 'settings'} onClick={() => show({ part: part === 'settings' ? 'pad' : 'settings' })} />
        <Tool icon={ChevronDown} label={t('phone.fold')} onClick={fold} />
      </header>
      {state.microphone && incomingOf(state).length === 0 && (
        <div className="px-3 pb-2">
          <MicrophoneHelp problem={state.microphone} />
        </div>
      )}
      <LineHint line={state.line} />
      {front && front.phase !== 'incoming' ? (
        <TalkPart call={front} />
      ) : (
        <>
          {part === 'pad' && <Offer />}
          {part === 'pad' && <PadPart />}
          {part === 'colleagues' && <ColleaguesPart />}
          {part === 'recent' && <RecentPart own={mine.extension.number} />}
          {part === 'messages' && <MailboxPart />}
          {part === 'settings' && <SettingsPart extensions={extensions} />}
          <nav aria-label={t('phone.parts')} className="grid shrink-0 grid-cols-4 border-t border-line px-1 pt-1 pb-[max(0.25rem,env(safe-area-inset-bottom))]">
            {PARTS.map(({ part: name, icon: Icon }) => {
              const count = name === 'recent' ? missed : name === 'messages' ? news : 0;
              const word = t(`phone.tab.${name}`);
              return (
                <button
                  key={name}
                  type="button"
                  aria-current={part === name ? 'page' : undefined}
                  aria-label={count > 0 ? `${word}, ${t(name === 'recent' ? 'phone.missed' : 'phone.news', { count })}` : undefined}
                  onClick={() => show({ part: name })}
                  className={cx('relative flex h-13 flex-col items-center justify-center gap-1 rounded-xl text-2xs transition-colors', part === name ? 'font-semibold text-accent-text' : 'text-mute hover:bg-hover hover:text-text')}
                >
                  <span className="relative">
                    <Icon aria-hidden className="size-5" />
                    {count > 0 && <span className="tabular absolute -top-1.5 left-3 min-w-4 rounded-full bg-bad px-1 text-center text-[0.625rem] leading-4 font-semibold text-surface">{count}</span>}
                  </span>
                  {word}
                </button>
              );
            })}
          </nav>
        </>
      )}
    </section>
  );
}

function LineHint({ line }: { line: Line }) {
  const { t } = useTranslation();
  if (line === 'ready' || line === 'connecting') return null;
  return (
    <div className="mx-3 mb-2 flex items-center gap-3 rounded-xl bg-sunken px-3 py-2 text-xs text-soft">
      <p className="flex-1">{t(`phone.lineHint.${line}`)}</p>
      {line === 'refused' && (
        <Button size="sm" className="pointer-coarse:h-11" onClick={() => tell({ do: 'reconnect' })}>
          {t('phone.tryAgain')}
        </Button>
      )}
      {line === 'off' && (
        <Button size="sm" className="pointer-coarse:h-11" onClick={() => switchPhone(true)}>
          {t('phone.switchOn')}
        </Button>
      )}
    </div>
  );
}

function DoNotDisturb({ mine }: { mine: MyExtension }) {
  const { t } = useTranslation();
  const { extension } = mine;
  const held = extension.settings.kind === 'user' && extension.settings.do_not_disturb;
  const change = useAction({ stale: stale.me, run: (on: boolean) => unwrap(api.PATCH('/api/v1/me/extensions/{extension}', { params: { path: { extension: extension.id } }, body: { do_not_disturb: on } })) });
  const on = change.isPending ? change.variables : held;
  return <Tool icon={BellOff} label={t(on ? 'phone.dnd.turnOff' : 'phone.dnd.turnOn')} pressed={on} onClick={() => change.mutate(!on)} className={on ? 'bg-bad-soft text-bad' : undefined} />;
}

/** After a first call: whether calls may be shown outside the browser. */
function Offer() {
  const { t } = useTranslation();
  const { calls } = usePhone();
  const [had, setHad] = useState(false);
  const [gone, setGone] = useState(false);
  if (!had && calls.some((call) => call.answeredAt !== null || call.reason === 'missed')) setHad(true);
  if (!had || gone || !mayOffer()) return null;
  return (
    <div className="mx-3 mb-2 rounded-xl bg-accent-soft p-3 text-sm text-accent-text">
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <p className="font-medium">{t('phone.notify.title')}</p>
          <p className="mt-0.5 text-xs">{t('phone.notify.text')}</p>
        </div>
        <Tool
          icon={X}
          label={t('phone.notify.later')}
          className="-mt-2 -mr-2"
          onClick={() => {
            putOff();
            setGone(true);
          }}
        />
      </div>
      <Button size="sm" variant="primary" className="mt-2 pointer-coarse:h-11" onClick={() => void askToNotify().then(() => setGone(true))}>
        {t('phone.notify.allow')}
      </Button>
    </div>
  );
}

import { Phone, PhoneOff } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useTopLayer } from '@/ui/layers';
import { currentOf, incomingOf, isOurs, type PhoneCall } from './calls';
import { MicrophoneHelp } from './microphone';
import { CallTimer, FaceOf, Tool, useWho } from './parts';
import { tell } from './phone';
import { usePhone } from './store';
import { show } from './view';

/** Milliseconds from a key that is up to the click that it makes. */
const CLICK_WITHIN = 300;

/**
 * Who calls now, above everything: also above an open dialog, which makes the rest of the page unreachable. There the
 * call that is up shows here as well.
 */
export function Above() {
  const { t } = useTranslation();
  const state = usePhone();
  const layer = useTopLayer();
  const incoming = incomingOf(state);
  const front = currentOf(state);
  const covered = layer !== document.body && front && isOurs(front) ? front : null;
  const region = useRef<HTMLElement>(null);
  const shown = incoming.length > 0 || covered !== null;
  useEffect(() => {
    const element = region.current;
    if (!element || typeof element.showPopover !== 'function') return;
    if (element.matches(':popover-open')) element.hidePopover();
    if (shown) element.showPopover();
  }, [shown, layer, incoming.length]);
  return createPortal(
    <section ref={region} popover="manual" aria-label={t('phone.ringing')} className="fixed inset-x-3 top-3 bottom-auto m-0 w-auto overflow-visible border-0 bg-transparent p-0 text-text sm:top-5 sm:right-5 sm:left-auto sm:w-88">
      <div className="flex flex-col gap-2">
        {incoming.map((call) => (
          <IncomingCard key={call.id} call={call} talking={state.calls.some(isOurs)} />
        ))}
        {incoming.length > 0 && state.microphone && (
          <div className="rounded-2xl border border-line bg-raised p-2 shadow-pop">
            <MicrophoneHelp problem={state.microphone} />
          </div>
        )}
        {covered && <Covered call={covered} />}
      </div>
    </section>,
    layer,
  );
}

function IncomingCard({ call, talking }: { call: PhoneCall; talking: boolean }) {
  const { t } = useTranslation();
  const who = useWho();
  return (
    <div role="alertdialog" aria-labelledby={`${call.id}-who`} className="animate-appear rounded-2xl border border-line bg-raised p-4 shadow-pop" data-incoming={call.party.number}>
      <div className="flex items-center gap-3">
        <span className="relative">
          <FaceOf party={call.party} />
          <span aria-hidden className="absolute -right-0.5 -bottom-0.5 size-3 animate-ring rounded-full border-2 border-raised bg-good-dot" />
        </span>
        <div className="min-w-0 flex-1">
          <p id={`${call.id}-who`} className="truncate text-base font-semibold">
            {t('phone.incoming.title', { who: who(call.party) })}
          </p>
          {call.party.name && <p className="tabular text-xs text-mute">{call.party.number}</p>}
        </div>
      </div>
      <div className="mt-4 grid grid-cols-2 gap-2">
        <button type="button" onClick={() => tell({ do: 'decline', id: call.id })} className="flex h-12 items-center justify-center gap-2 rounded-full bg-bad text-sm font-medium text-surface transition-colors hover:bg-bad-hover">
          <PhoneOff aria-hidden className="size-4" />
          {t('phone.incoming.decline')}
        </button>
        <button
          type="button"
          onPointerDown={({ button }) => button === 0 && press(call.id)}
          onClick={() => {
            show({ open: true, handing: null, keys: false });
            tell({ do: 'answer', id: call.id });
          }}
          title={talking ? t('phone.incoming.answerAndHold') : undefined}
          className="flex h-12 items-center justify-center gap-2 rounded-full bg-good text-sm font-medium text-surface transition-opacity hover:opacity-90"
        >
          <Phone aria-hidden className="size-4" />
          {t('phone.incoming.answer')}
        </button>
      </div>
    </div>
  );
}

/** The key that answers is down, until it is up somewhere. A touch becomes a click only after that. */
function press(id: string): void {
  tell({ do: 'press', id });
  const up = new AbortController();
  const released = () => {
    up.abort();
    setTimeout(() => tell({ do: 'release', id }), CLICK_WITHIN);
  };
  for (const event of ['pointerup', 'pointercancel']) addEventListener(event, released, { capture: true, signal: up.signal });
}

/** The call that is up, while a dialog lies over the phone. */
function Covered({ call }: { call: PhoneCall }) {
  const { t } = useTranslation();
  const who = useWho();
  return (
    <div className="flex items-center gap-2 rounded-full border border-line bg-raised py-1 pr-1 pl-5 shadow-pop">
      <span className="min-w-0 flex-1 truncate text-sm font-medium">{who(call.party)}</span>
      <span className="text-sm text-soft">
        <CallTimer call={call} />
      </span>
      <Tool icon={PhoneOff} label={t('phone.call.hangUp')} onClick={() => tell({ do: 'hangUp', id: call.id })} className="bg-bad text-surface hover:bg-bad-hover hover:text-surface" />
    </div>
  );
}

import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import { useTopLayer } from './layers';

interface Toast {
  id: number;
  kind: 'good' | 'bad';
  text: string;
  detail?: string | undefined;
  action?: ToastAction | undefined;
}

/** What a notice offers, such as taking back what was done. */
export interface ToastAction {
  label: string;
  run: () => void;
}

let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();
const timers = new Map<number, ReturnType<typeof setTimeout>>();
const publish = (value: readonly Toast[]) => {
  toasts = value;
  listeners.forEach((listener) => listener());
};

const dismiss = (id: number) => {
  clearTimeout(timers.get(id));
  timers.delete(id);
  publish(toasts.filter((toast) => toast.id !== id));
};

function show(kind: Toast['kind'], text: string, detail?: string, action?: ToastAction): void {
  const id = next++;
  publish([...toasts.slice(-3), { id, kind, text, detail, action }]);
  timers.set(id, setTimeout(() => dismiss(id), kind === 'good' && !action ? 4500 : 9000));
}

export const toast = {
  good: (text: string, action?: ToastAction) => show('good', text, undefined, action),
  bad: (text: string, detail?: string) => show('bad', text, detail),
};

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(subscribe, () => toasts);
  const region = useRef<HTMLElement>(null);
  const layer = useTopLayer();
  // A popover, raised anew with each toast, lies above the dialog that it is drawn in.
  useEffect(() => {
    const element = region.current;
    if (!element || typeof element.showPopover !== 'function') return;
    if (element.matches(':popover-open')) element.hidePopover();
    if (shown.length > 0) element.showPopover();
  }, [shown, layer]);
  return createPortal(
    <section
      ref={region}
      popover="manual"
      aria-label={t('notices')}
      className="fixed inset-x-3 top-3 bottom-auto m-0 w-auto border-0 bg-transparent p-0 sm:inset-x-0 sm:top-auto sm:bottom-5 sm:mx-auto sm:w-96"
    >
      <div className="flex flex-col gap-2" aria-live="polite">
        {shown.map((entry) => (
          <div key={entry.id} role={entry.kind === 'bad' ? 'alert' : undefined} className="flex animate-appear items-start gap-3 rounded-xl border border-line bg-raised p-3.5 text-text shadow-pop">
            {entry.kind === 'good' ? <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" /> : <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />}
            <div className="min-w-0 flex-1 text-sm">
              <p className={cx('font-medium break-words', entry.kind === 'bad' && 'text-bad')}>{entry.text}</p>
              {entry.detail && <p className="mt-0.5 text-xs break-words text-mute">{entry.detail}</p>}
            </div>
            {entry.action && (
              <button
                type="button"
                onClick={() => {
                  dismiss(entry.id);
                  entry.action?.run();
                }}
                className="-my-0.5 rounded-md px-2 py-0.5 text-sm font-medium text-accent-text hover:bg-hover"
              >
                {entry.action.label}
              </button>
            )}
            <button type="button" aria-label={t('action.close')} onClick={() => dismiss(entry.id)} className="-m-1 rounded p-1 text-mute hover:text-text">
              <X aria-hidden className="size-4" />
            </button>
          </div>
        ))}
      </div>
    </section>,
    layer,
  );
}

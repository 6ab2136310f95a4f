import { X } from 'lucide-react';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import { Button, IconButton } from './button';
import { raise } from './layers';

interface Base {
  title: string;
  description?: ReactNode;
  onClose: () => void;
  /** False: neither Esc nor a click outside closes it. */
  dismissable?: boolean;
  /** No cross at the corner; the content closes it. */
  hideClose?: boolean;
  children: ReactNode;
  footer?: ReactNode;
}

/** The browser's own modal dialog: it traps focus, makes the rest inert, gives focus back, and needs no injected style. */
function Modal({ title, description, onClose, dismissable = true, hideClose = false, children, footer, frame, motion, alert = false }: Base & { frame: string; motion: string; alert?: boolean }) {
  const { t } = useTranslation();
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();

  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    const before = document.activeElement;
    const lower = raise(dialog);
    const first = dialog.querySelector<HTMLElement>('[data-autofocus]') ?? dialog.querySelector<HTMLElement>('[data-body] :is(input, select, textarea, button):not([disabled])');
    (first ?? dialog).focus();
    return () => {
      lower();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  return createPortal(
    // A click on the backdrop is a pointer's short cut; the keyboard has Esc and the close button.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      role={alert ? 'alertdialog' : undefined}
      aria-labelledby={`${id}-title`}
      aria-describedby={description ? `${id}-description` : undefined}
      tabIndex={-1}
      className={cx('flex flex-col bg-surface text-text shadow-pop outline-none', frame)}
      onCancel={(event) => {
        event.preventDefault();
        if (dismissable) onClose();
      }}
      onKeyDown={(event) => {
        // Chromium closes on a second Esc without asking; keep the choice here.
        if (event.key === 'Escape' && !event.defaultPrevented) {
          event.preventDefault();
          if (dismissable) onClose();
        }
      }}
      onMouseDown={(event) => {
        if (dismissable && event.target === ref.current) {
          const box = ref.current.getBoundingClientRect();
          const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
          if (!inside) onClose();
        }
      }}
    >
      <div className={cx('flex min-h-0 flex-1 flex-col', motion)}>
        <header className="flex items-start justify-between gap-4 px-5 pt-4 pb-4 sm:px-6 sm:pt-5 sm:pb-5">
          <div className="min-w-0">
            <h2 id={`${id}-title`} className="text-lg font-semibold text-balance">
              {title}
            </h2>
            {description && (
              <div id={`${id}-description`} className="mt-1 text-sm text-mute">
                {description}
              </div>
            )}
          </div>
          {!hideClose && <IconButton label={t('action.close')} icon={X} tooltip={false} size="sm" onClick={onClose} className="-mr-1.5" />}
        </header>
        <div data-body className="min-h-0 flex-1 overflow-y-auto px-5 pb-5 sm:px-6">
          {children}
        </div>
        {footer && <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3 sm:px-6">{footer}</footer>}
      </div>
    </dialog>,
    document.body,
  );
}

export function Dialog({ wide = false, ...props }: Base & { wide?: boolean }) {
  return (
    <Modal
      {...props}
      motion="animate-appear"
      frame={cx(
        'fixed inset-x-0 top-auto bottom-0 m-0 max-h-[92dvh] w-full rounded-t-2xl border border-line sm:inset-0 sm:m-auto sm:h-fit sm:max-h-[88dvh] sm:rounded-xl',
        wide ? 'sm:w-[44rem]' : 'sm:w-[30rem]',
      )}
    />
  );
}

/** Details beside the list: from the right, full width on phones. */
export function Sheet({ wide = false, ...props }: Base & { wide?: boolean }) {
  return (
    <Modal
      {...props}
      motion="animate-slide-right"
      frame={cx('fixed inset-y-0 right-0 left-auto m-0 h-dvh w-full border-l border-line', wide ? 'sm:w-[42rem]' : 'sm:w-[32rem]')}
    />
  );
}

export function ConfirmDialog({ title, children, action, onConfirm, onClose, danger = true, word }: {
  title: string;
  children: ReactNode;
  action: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  danger?: boolean;
  /** Must be typed first, where much would be lost. */
  word?: string;
}) {
  const { t } = useTranslation();
  const [running, setRunning] = useState(false);
  const [typed, setTyped] = useState('');
  const id = useId();
  const confirm = () => {
    setRunning(true);
    // A failure has been told by its toast; the dialog stays for another try.
    onConfirm().then(onClose, () => setRunning(false));
  };
  return (
    <Modal
      alert
      title={title}
      onClose={onClose}
      dismissable={!running}
      motion="animate-appear"
      frame="fixed inset-x-0 top-auto bottom-0 m-0 w-full rounded-t-2xl border border-line sm:inset-0 sm:m-auto sm:h-fit sm:w-[27rem] sm:rounded-xl"
      footer={
        <>
          <Button onClick={onClose} data-autofocus={word ? undefined : ''}>
            {t('action.cancel')}
          </Button>
          <Button variant={danger ? 'danger' : 'primary'} loading={running} disabledReason={word && typed.trim() !== word ? t('confirm.typeFirst', { word }) : undefined} onClick={confirm}>
            {action}
          </Button>
        </>
      }
    >
      <div className="text-sm text-soft">{children}</div>
      {word && (
        <div className="mt-4 flex flex-col gap-1.5">
          <label htmlFor={id} className="text-sm">
            {t('confirm.type', { word })}
          </label>
          <input id={id} data-autofocus value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" className="h-9 rounded-lg border border-control/60 bg-surface px-3" />
        </div>
      )}
    </Modal>
  );
}

import { Search, type LucideIcon } from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import { raise } from './layers';

export interface Command {
  id: string;
  label: string;
  group: string;
  icon: LucideIcon;
  run: () => void;
}

/** Every word typed must occur. */
const matches = (command: Command, words: string[]) => {
  const text = `${command.label} ${command.group}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

export function CommandPalette({ commands, onClose, onSearch }: { commands: Command[]; onClose: () => void; onSearch?: (text: string) => void }) {
  const { t } = useTranslation();
  const ref = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const id = useId();
  const shown = useMemo(() => commands.filter((command) => matches(command, text.toLowerCase().split(/\s+/).filter(Boolean))).slice(0, 40), [commands, text]);
  const at = Math.min(active, Math.max(0, shown.length - 1));

  useEffect(() => {
    return ref.current ? raise(ref.current) : undefined;
  }, []);
  useEffect(() => {
    ref.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };

  return createPortal(
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      aria-label={t('palette.title')}
      className="fixed inset-x-0 top-[12vh] mx-auto w-[min(36rem,calc(100vw-1.5rem))] animate-appear overflow-hidden rounded-xl border border-line bg-raised p-0 text-text shadow-pop"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === ref.current && onClose()}
    >
      <div className="flex items-center gap-3 border-b border-line px-4">
        <Search aria-hidden className="size-4 shrink-0 text-mute" />
        <input
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={shown[at] ? `${id}-${at}` : undefined}
          aria-label={t('palette.title')}
          placeholder={t('palette.placeholder')}
          value={text}
          autoComplete="off"
          className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-mute pointer-coarse:text-lg"
          onChange={(event) => {
            setText(event.target.value);
            setActive(0);
            onSearch?.(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
              event.preventDefault();
              setActive((at + (event.key === 'ArrowDown' ? 1 : -1) + shown.length) % Math.max(1, shown.length));
            } else if (event.key === 'Enter') {
              event.preventDefault();
              run(shown[at]);
            }
          }}
        />
      </div>
      <ul id={id} role="listbox" aria-label={t('palette.title')} className="max-h-[50vh] overflow-y-auto p-1.5">
        {shown.length === 0 && <li className="px-3 py-6 text-center text-sm text-mute">{t('palette.nothing')}</li>}
        {shown.map((command, index) => (
          // The input holds the focus and names the active option; the pointer acts here.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={command.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            data-active={index === at || undefined}
            onMouseMove={() => setActive(index)}
            onClick={() => run(command)}
            className={cx('flex cursor-pointer items-center gap-3 rounded-lg px-2.5 py-2 text-sm', index === at && 'bg-hover')}
          >
            <command.icon aria-hidden className="size-4 shrink-0 text-mute" />
            <span className="min-w-0 flex-1 truncate">{command.label}</span>
            <span className="text-xs text-mute">{command.group}</span>
          </li>
        ))}
      </ul>
    </dialog>,
    document.body,
  );
}

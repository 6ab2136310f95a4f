import { Check, ChevronsUpDown, X } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import type { FieldProps } from './field';
import { Input } from './field';

export interface ComboOption {
  value: string;
  label: string;
  hint?: string;
}

const POPUP = 'absolute z-20 mt-1 max-h-60 w-full animate-appear overflow-auto rounded-lg border border-line bg-raised shadow-pop';

/**
 * A field that is filled from a list by typing. `onSearch` asks for other options; without it the given ones are
 * filtered here.
 */
export function Combobox({ field, value, options, onChange, onSearch, placeholder, emptyText }: {
  field: FieldProps;
  value: string | null;
  options: ComboOption[];
  onChange: (value: string | null) => void;
  onSearch?: (text: string) => void;
  placeholder?: string;
  emptyText: string;
}) {
  const { t } = useTranslation();
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const chosen = options.find((option) => option.value === value);
  const words = (typed ?? '').trim().toLowerCase();
  const shown = onSearch || !words ? options : options.filter((o) => `${o.label} ${o.hint ?? ''}`.toLowerCase().includes(words));
  const at = Math.min(active, Math.max(0, shown.length - 1));

  useEffect(() => {
    if (!open) return;
    box.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest' });
  }, [open, at]);

  const close = () => {
    setOpen(false);
    setTyped(null);
    setActive(0);
  };
  const pick = (next: string | null) => {
    onChange(next);
    close();
  };

  return (
    <div ref={box} className="relative" role="presentation" onBlur={(event) => !box.current?.contains(event.relatedTarget) && close()}>
      <Input
        {...field}
        role="combobox"
        aria-expanded={open && shown.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={open && shown[at] ? `${list}-${at}` : undefined}
        autoComplete="off"
        placeholder={placeholder}
        value={typed ?? chosen?.label ?? ''}
        className="pr-16"
        onFocus={(event) => event.target.select()}
        onClick={() => setOpen(true)}
        onChange={(event) => {
          setTyped(event.target.value);
          setOpen(true);
          setActive(0);
          onSearch?.(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            setOpen(true);
            const step = event.key === 'ArrowDown' ? 1 : -1;
            setActive((at + step + shown.length) % Math.max(1, shown.length));
          } else if (event.key === 'Enter' && open) {
            event.preventDefault();
            const option = shown[at];
            if (option) pick(option.value);
          } else if (event.key === 'Escape' && open) {
            event.preventDefault();
            event.stopPropagation();
            close();
          }
        }}
      />
      <div className="absolute inset-y-0 right-0 flex items-center gap-0.5 pr-2 text-mute">
        {value && (
          <button type="button" aria-label={t('form.clear')} onClick={() => pick(null)} className="rounded p-1.5 hover:text-text">
            <X aria-hidden className="size-3.5" />
          </button>
        )}
        <ChevronsUpDown aria-hidden className="pointer-events-none size-4" />
      </div>
      {open && shown.length === 0 && (
        <p role="status" className={cx(POPUP, 'px-3.5 py-3 text-sm text-mute')}>
          {emptyText}
        </p>
      )}
      {open && shown.length > 0 && (
        <ul id={list} role="listbox" aria-label={placeholder ?? t('form.choose')} className={cx(POPUP, 'p-1')}>
          {shown.map((option, index) => (
            // The keyboard acts on the input, which names the active option; the pointer acts here.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <li
              key={option.value}
              id={`${list}-${index}`}
              role="option"
              aria-selected={option.value === value}
              tabIndex={-1}
              data-active={index === at || undefined}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(option.value)}
              onMouseMove={() => setActive(index)}
              className={cx('flex cursor-pointer items-center justify-between gap-3 rounded-md px-2.5 py-1.5 text-sm', index === at && 'bg-hover')}
            >
              <span className="truncate">
                {option.label}
                {option.hint && <span className="ml-2 text-xs text-mute">{option.hint}</span>}
              </span>
              {option.value === value && <Check aria-hidden className="size-4 shrink-0 text-accent-text" />}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

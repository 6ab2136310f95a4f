import { Delete, Phone } from 'lucide-react';
import { useEffect, useRef, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';
import { isNumber } from './calls';
import { Tool } from './parts';
import { ColleagueRow, useColleagues } from './people';
import { tell } from './phone';
import { keyTone } from './tones';
import { show, useView } from './view';

const KEYS: [key: string, letters: string][] = [
  ['1', ''], ['2', 'ABC'], ['3', 'DEF'],
  ['4', 'GHI'], ['5', 'JKL'], ['6', 'MNO'],
  ['7', 'PQRS'], ['8', 'TUV'], ['9', 'WXYZ'],
  ['*', ''], ['0', '+'], ['#', ''],
];

/** Twelve keys. A long press on 0 is a plus where one dials. */
export function Keys({ onKey, plus = false, compact = false }: { onKey: (key: string) => void; plus?: boolean; compact?: boolean }) {
  const { t } = useTranslation();
  const held = useRef<ReturnType<typeof setTimeout>>(undefined);
  const done = useRef(false);
  return (
    <div role="group" aria-label={t('phone.pad.keys')} className="mx-auto grid w-full max-w-66 grid-cols-3 justify-items-center gap-y-2">
      {KEYS.map(([key, letters]) => (
        <button
          key={key}
          type="button"
          aria-label={t('phone.pad.key', { key })}
          onPointerDown={() => {
            done.current = false;
            if (plus && key === '0') {
              held.current = setTimeout(() => {
                done.current = true;
                onKey('+');
              }, 600);
            }
          }}
          onPointerUp={() => clearTimeout(held.current)}
          onPointerLeave={() => clearTimeout(held.current)}
          onClick={() => {
            if (done.current) {
              done.current = false;
              return;
            }
            keyTone(key);
            onKey(key);
          }}
          className={cx('flex flex-col items-center justify-center rounded-full border border-line bg-sunken leading-none transition-colors hover:bg-hover active:bg-accent-soft', compact ? 'size-12' : 'size-14')}
        >
          <span className="tabular text-xl font-medium">{key}</span>
          <span aria-hidden className="mt-0.5 h-2.5 text-[0.5625rem] font-medium tracking-widest text-mute">
            {letters}
          </span>
        </button>
      ))}
    </div>
  );
}

/** Where one dials: a number, or a name that is looked for while it is typed. */
export function PadPart() {
  const { t } = useTranslation();
  const { typed } = useView();
  const field = useRef<HTMLInputElement>(null);
  const asked = typed.trim().length > 0;
  const number = isNumber(typed);
  const query = useColleagues(typed, 6);
  const found = asked ? (query.data?.items ?? []) : [];
  const best = found.find((row) => row.extension.number === typed.trim()) ?? (number ? undefined : found[0]);
  useEffect(() => {
    // On a phone the keyboard would cover the keys.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);
  const ready = Boolean(best) || number;
  useEffect(() => {
    // Who has typed a number is about to call it.
    if (ready) tell({ do: 'prepare' });
  }, [ready, typed]);
  const type = (next: string) => show({ typed: next });
  const dial = () => {
    if (best) tell({ do: 'dial', number: best.extension.number, name: best.extension.name });
    else if (number) tell({ do: 'dial', number: typed, name: null });
    else return;
    type('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      dial();
    }
    if (event.key === 'Escape' && typed) {
      event.preventDefault();
      event.stopPropagation();
      type('');
    }
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="relative px-3">
        <input
          ref={field}
          type="text"
          inputMode="tel"
          value={typed}
          onChange={(event) => type(event.target.value)}
          onKeyDown={onKeyDown}
          aria-label={t('phone.pad.label')}
          placeholder={t('phone.pad.placeholder')}
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          data-phone-field
          className={cx('tabular h-13 w-full rounded-xl border border-transparent bg-transparent px-11 text-center outline-none placeholder:text-base placeholder:font-normal placeholder:text-mute focus-visible:border-line-strong', typed.length > 14 ? 'text-lg' : 'text-xl', 'font-medium')}
        />
        {asked && (
          <span className="absolute top-1 right-4">
            <Tool icon={Delete} label={t('phone.pad.erase')} onClick={() => type(typed.slice(0, -1))} />
          </span>
        )}
      </div>
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 pt-1">
        {asked && found.length > 0 && (
          <ul aria-label={t('phone.colleagues.label')} className="pb-2">
            {found.slice(0, number ? 2 : 6).map((colleague) => (
              <ColleagueRow
                key={colleague.extension.id}
                colleague={colleague}
                picked={colleague === best}
                onPick={() => {
                  tell({ do: 'dial', number: colleague.extension.number, name: colleague.extension.name });
                  type('');
                }}
              />
            ))}
          </ul>
        )}
        {asked && !number && found.length === 0 && query.isSuccess && <p className="px-4 py-6 text-center text-sm text-mute">{t('phone.pad.nobody')}</p>}
        {(!asked || number) && (
          <div className="my-auto pb-2">
            <Keys plus compact={found.length > 0} onKey={(key) => type(typed + key)} />
          </div>
        )}
      </div>
      <div className="flex justify-center pt-1 pb-3">
        <button
          type="button"
          onClick={dial}
          aria-disabled={!ready}
          aria-label={best ? t('phone.pad.callWho', { who: best.extension.name }) : number ? t('phone.pad.callWho', { who: typed }) : t('phone.pad.call')}
          title={ready ? undefined : t('phone.pad.nothing')}
          className={cx('flex h-13 w-40 items-center justify-center gap-2.5 rounded-full bg-good text-base font-medium text-surface transition-opacity', ready ? 'hover:opacity-90' : 'cursor-not-allowed opacity-40')}
        >
          <Phone aria-hidden className="size-5" />
          {t('phone.pad.call')}
        </button>
      </div>
    </div>
  );
}

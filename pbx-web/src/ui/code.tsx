import { useEffect, useRef } from 'react';
import { cx } from '@/lib/cx';
import type { FieldProps } from './field';

/** Digits of a code from an authenticator app. */
export const CODE_DIGITS = 6;

/**
 * One field for a code of six digits: typed, pasted with spaces, or filled in by the device. Once it is whole, its
 * form is sent.
 */
export function CodeInput({ field, value, onChange }: { field: FieldProps; value: string; onChange: (code: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const sent = useRef('');
  useEffect(() => {
    if (value.length === CODE_DIGITS && sent.current !== value) input.current?.form?.requestSubmit();
    sent.current = value;
  }, [value]);
  const wrong = field['aria-invalid'];
  useEffect(() => {
    if (wrong) input.current?.select();
  }, [wrong]);
  return (
    <input
      {...field}
      ref={input}
      data-autofocus
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      autoCapitalize="off"
      spellCheck={false}
      placeholder="000000"
      value={value}
      onChange={(event) => onChange(event.target.value.replace(/\D/g, '').slice(0, CODE_DIGITS))}
      className={cx(
        'h-14 w-full rounded-lg border border-control/60 bg-surface pl-[0.5em] text-center font-mono text-2xl tracking-[0.5em] text-text shadow-card transition-colors',
        'placeholder:text-control/40 hover:border-control aria-invalid:border-bad',
      )}
    />
  );
}

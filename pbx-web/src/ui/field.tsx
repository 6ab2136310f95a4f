import { Check, ChevronDown, CircleAlert, Eye, EyeOff } from 'lucide-react';
import { useId, useState, type ComponentProps, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/lib/cx';

/** What a control needs to belong to its field. */
export interface FieldProps {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
  'aria-required'?: true | undefined;
}

export function Field({ label, hint, error, optional = false, required = false, className, children }: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  required?: boolean;
  className?: string;
  children: (field: FieldProps) => ReactNode;
}) {
  const { t } = useTranslation();
  const id = useId();
  // The fault says what to write instead; the hint beside it would say it twice.
  const described = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return (
    <div className={cx('flex min-w-0 flex-col gap-1.5', className)}>
      <label htmlFor={id} className="flex items-baseline justify-between text-sm font-medium text-text">
        {label}
        {optional && <span className="text-xs font-normal text-mute">{t('form.optional')}</span>}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': error ? true : undefined, 'aria-required': required ? true : undefined })}
      {error && (
        <p id={`${id}-error`} className="flex items-start gap-1.5 text-xs text-bad">
          <CircleAlert aria-hidden className="mt-px size-3.5 shrink-0" />
          {error}
        </p>
      )}
      {hint && !error && (
        <p id={`${id}-hint`} className="text-xs text-mute">
          {hint}
        </p>
      )}
    </div>
  );
}

const control =
  'w-full rounded-lg border border-control/60 bg-surface text-text shadow-card transition-colors placeholder:text-mute hover:border-control aria-invalid:border-bad disabled:cursor-not-allowed disabled:bg-sunken disabled:text-mute pointer-coarse:text-lg';

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input {...rest} className={cx(control, 'h-9 px-3', className)} />;
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea {...rest} className={cx(control, 'px-3 py-2', className)} />;
}

export function PasswordInput(props: ComponentProps<'input'>) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  return (
    <div className="relative">
      <Input {...props} type={shown ? 'text' : 'password'} className="pr-10" />
      <button
        type="button"
        aria-label={shown ? t('form.hidePassword') : t('form.showPassword')}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
        className="absolute inset-y-0 right-0 flex w-9 items-center justify-center rounded-r-lg text-mute hover:text-text"
      >
        {shown ? <EyeOff aria-hidden className="size-4" /> : <Eye aria-hidden className="size-4" />}
      </button>
    </div>
  );
}

/** The platform's own select: best on phones, and it injects no style that the policy would refuse. */
export function Select({ className, children, ...rest }: ComponentProps<'select'>) {
  return (
    <div className={cx('relative', className)}>
      <select {...rest} className={cx(control, 'h-9 appearance-none pr-9 pl-3')}>
        {children}
      </select>
      <ChevronDown aria-hidden className="pointer-events-none absolute top-2.5 right-3 size-4 text-mute" />
    </div>
  );
}

export function Switch({ label, hint, checked, onChange, disabled = false }: { label: string; hint?: string; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-4">
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="mt-0.5 text-xs text-mute">
            {hint}
          </p>
        )}
      </div>
      <span className="relative mt-0.5 inline-flex shrink-0">
        <input
          id={id}
          type="checkbox"
          role="switch"
          checked={checked}
          disabled={disabled}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={(event) => onChange(event.target.checked)}
          className="peer h-5 w-9 cursor-pointer appearance-none rounded-full bg-control/70 transition-colors checked:bg-accent disabled:cursor-not-allowed disabled:opacity-50"
        />
        <span aria-hidden className="pointer-events-none absolute top-0.5 left-0.5 size-4 rounded-full bg-white shadow-card transition-transform peer-checked:translate-x-4" />
      </span>
    </div>
  );
}

export function Choice<T extends string>({ legend, quiet = false, value, options, onChange, columns = 'sm:grid-cols-3' }: { legend: string; /** The legend is for screen readers only. */ quiet?: boolean; value: T; options: { value: T; label: string; hint?: string }[]; onChange: (value: T) => void; columns?: string }) {
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className={quiet ? 'sr-only' : 'mb-1.5 text-sm font-medium'}>{legend}</legend>
      <div className={cx('grid gap-2', columns)}>
        {options.map((option) => (
          <label
            key={option.value}
            className={cx(
              'flex cursor-pointer items-start gap-2.5 rounded-lg border p-3 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent-text',
              option.value === value ? 'border-accent-text bg-accent-soft' : 'border-line-strong bg-surface hover:bg-hover',
            )}
          >
            <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} className="sr-only" />
            <span aria-hidden className={cx('mt-0.5 flex size-4 shrink-0 items-center justify-center rounded-full border', option.value === value ? 'border-accent bg-accent text-on-accent' : 'border-control')}>
              {option.value === value && <Check className="size-3" strokeWidth={3} />}
            </span>
            <span className="min-w-0">
              <span className="block text-sm font-medium">{option.label}</span>
              {option.hint && <span className="block text-xs text-mute">{option.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

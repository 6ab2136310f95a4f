import { useCallback, useRef, useState, type ComponentProps, type ReactNode, type SyntheticEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useBeforeUnload, useBlocker } from 'react-router';
import { ApiError } from '@/api/problem';
import { ConfirmDialog } from '@/ui/dialog';
import { Field, Input, PasswordInput, Select } from '@/ui/field';
import { Notice } from '@/ui/states';
import { useErrorText } from './errors';

type Errors<T> = Partial<Record<keyof T & string, string>>;

export interface Form<T> {
  values: T;
  errors: Errors<T>;
  /** What no field is to blame for. */
  failure: string | null;
  submitting: boolean;
  set: <K extends keyof T>(name: K, value: T[K]) => void;
  submit: (event: SyntheticEvent<HTMLElement>) => void;
  isDirty: () => boolean;
  /** Back to what it began with. */
  reset: () => void;
}

/**
 * A form that keeps what was typed, whatever the server answers. Faults that the server points at appear at their
 * fields (`names` says where a pointer is called otherwise here), and the first faulty field gets the focus.
 */
export function useForm<T extends object>({ initial, check, send, done, names = {} }: {
  initial: T;
  check?: (values: T) => Errors<T>;
  send: (values: T) => Promise<unknown>;
  done?: (values: T) => void;
  names?: Record<string, keyof T & string>;
}): Form<T> {
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Errors<T>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [submitting, setSubmitting] = useState(false);
  const errorText = useErrorText();
  const element = useRef<HTMLElement>(null);
  const start = useRef(JSON.stringify(initial));
  /** What the fields hold, also between two changes in one event. */
  const latest = useRef(initial);
  const busy = useRef(false);

  const showErrors = (next: Errors<T>) => {
    setErrors(next);
    requestAnimationFrame(() => element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };

  const set: Form<T>['set'] = (name, value) => {
    const next = { ...latest.current, [name]: value };
    latest.current = next;
    setValues(next);
    if (errors[name as keyof T & string]) setErrors((before) => ({ ...before, [name]: undefined }));
  };

  const submit = (event: SyntheticEvent<HTMLElement>) => {
    event.preventDefault();
    event.stopPropagation();
    element.current = event.currentTarget;
    if (busy.current) return;
    setFailure(null);
    const faults = check?.(values) ?? {};
    if (Object.values(faults).some(Boolean)) {
      showErrors(faults);
      return;
    }
    setErrors({});
    busy.current = true;
    setSubmitting(true);
    const after = () => {
      busy.current = false;
      setSubmitting(false);
    };
    send(values).then(
      () => {
        start.current = JSON.stringify(values);
        after();
        done?.(values);
      },
      (error: unknown) => {
        after();
        const found: Errors<T> = {};
        let elsewhere = false;
        for (const [pointer, fault] of Object.entries(error instanceof ApiError ? error.fields : {})) {
          const name = names[pointer] ?? pointer;
          if (name in values) found[name as keyof T & string] = errorText.field(fault);
          else elsewhere = true;
        }
        const any = Object.keys(found).length > 0;
        if (any) showErrors(found);
        if (!any || elsewhere) setFailure(errorText.whole(error));
      },
    );
  };

  const isDirty = useCallback(() => JSON.stringify(latest.current) !== start.current, []);
  const reset = () => {
    setValues(initial);
    setErrors({});
    setFailure(null);
    start.current = JSON.stringify(initial);
    latest.current = initial;
  };
  return { values, errors, failure, submitting, set, submit, isDirty, reset };
}

type NamesOf<T, V> = { [K in keyof T]: T[K] extends V ? K : never }[keyof T] & string;

interface Bound<T> {
  form: Form<T>;
  label: string;
  hint?: ReactNode;
  optional?: boolean;
  required?: boolean;
  className?: string;
}

export function TextField<T>({ form, name, label, hint, optional, required, className, password = false, map, ...rest }: Bound<T> & { name: NamesOf<T, string>; password?: boolean; map?: (text: string) => string } & Omit<ComponentProps<'input'>, 'form' | 'name'>) {
  const Control = password ? PasswordInput : Input;
  return (
    <Field label={label} hint={hint} optional={optional ?? false} required={required ?? false} className={className ?? ''} error={form.errors[name]}>
      {(field) => (
        <Control
          {...rest}
          {...field}
          name={name}
          value={form.values[name] as string}
          onChange={(event) => form.set(name, (map ? map(event.target.value) : event.target.value) as T[NamesOf<T, string>])}
        />
      )}
    </Field>
  );
}

export function SelectField<T>({ form, name, label, hint, optional, className, options }: Bound<T> & { name: NamesOf<T, string>; options: { value: string; label: string }[] }) {
  return (
    <Field label={label} hint={hint} optional={optional ?? false} className={className ?? ''} error={form.errors[name]}>
      {(field) => (
        <Select {...field} name={name} value={form.values[name] as string} onChange={(event) => form.set(name, event.target.value as T[NamesOf<T, string>])}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

/** The form element, with what no field is to blame for above the fields. Guards what was typed. */
export function FormBody<T>({ form, id, guard = true, children, className = 'flex flex-col gap-5' }: { form: Form<T>; id: string; guard?: boolean; children: ReactNode; className?: string }) {
  return (
    <form id={id} onSubmit={form.submit} noValidate className={className}>
      {form.failure && (
        <Notice kind="bad" role="alert">
          {form.failure}
        </Notice>
      )}
      {children}
      {guard && <UnsavedGuard isDirty={form.isDirty} />}
    </form>
  );
}

/** Asks before what was typed is lost, whether by a link, by closing a panel or by closing the tab. */
function UnsavedGuard({ isDirty }: { isDirty: () => boolean }) {
  const { t } = useTranslation();
  const blocker = useBlocker(({ currentLocation, nextLocation }) => isDirty() && (currentLocation.pathname !== nextLocation.pathname || nextLocation.pathname.startsWith('/sign-in')));
  useBeforeUnload((event) => {
    if (isDirty()) event.preventDefault();
  });
  if (blocker.state !== 'blocked') return null;
  return (
    <ConfirmDialog title={t('unsaved.title')} action={t('unsaved.leave')} onClose={() => blocker.reset()} onConfirm={() => {
        blocker.proceed();
        return Promise.resolve();
      }}>
      {t('unsaved.text')}
    </ConfirmDialog>
  );
}

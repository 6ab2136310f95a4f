import { useTranslation } from 'react-i18next';
import type { Form } from '@/features/shared/form';
import { parseColour } from '@/lib/colour';
import { Field, Input } from '@/ui/field';

const SUGGESTED = ['#0f6e63', '#1f5fbf', '#5b4bc4', '#b4235f', '#b54708', '#3f6212', '#334155'];

/** The accent: typed, picked, or one of a few that work. */
export function ColourField<T extends { accent: string }>({ form }: { form: Form<T> }) {
  const { t } = useTranslation();
  const value = form.values.accent;
  const set = (next: string) => form.set('accent', next);
  return (
    <div className="flex flex-col gap-2">
      <Field label={t('brand.accent')} hint={t('brand.accentHint')} error={form.errors['accent' as keyof T & string]}>
        {(field) => (
          <div className="flex gap-2">
            <input
              type="color"
              aria-label={t('brand.pick')}
              value={parseColour(value) ? value : '#000000'}
              onChange={(event) => set(event.target.value)}
              className="h-9 w-11 shrink-0 cursor-pointer rounded-lg border border-control/60 bg-surface p-1"
            />
            <Input {...field} name="accent" value={value} spellCheck={false} maxLength={7} onChange={(event) => set(event.target.value)} className="font-mono" />
          </div>
        )}
      </Field>
      <div className="flex flex-wrap gap-1.5">
        {SUGGESTED.map((colour) => (
          <button key={colour} type="button" aria-label={t('brand.useColour', { colour })} aria-pressed={colour === value.toLowerCase()} onClick={() => set(colour)} className="rounded-lg p-1 hover:bg-hover aria-pressed:bg-hover">
            <svg aria-hidden viewBox="0 0 20 20" className="size-5">
              <rect width="20" height="20" rx="6" fill={colour} />
            </svg>
          </button>
        ))}
      </div>
    </div>
  );
}

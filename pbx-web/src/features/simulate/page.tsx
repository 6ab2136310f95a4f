import { PhoneOutgoing, Volume2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Simulated } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { FormBody, SelectField, TextField, useForm } from '@/features/shared/form';
import { usePlace } from '@/features/shared/place';
import { duration } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { Card, PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';

interface Values {
  from: string;
  dialled: string;
  at: string;
  keys: string;
  answer: 'everyone' | 'nobody';
}

const two = (value: number): string => String(value).padStart(2, '0');
function nowHere(): string {
  const now = new Date();
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}T${two(now.getHours())}:${two(now.getMinutes())}`;
}

/** An extension of ours, a number outside, or a hidden one. */
function caller(text: string) {
  const bare = text.replace(/[\s-]/g, '');
  if (!bare) return { kind: 'outside', number: null };
  if (/^[1-9]\d{1,5}$/.test(bare)) return { kind: 'extension', number: bare };
  return { kind: 'outside', number: bare.replace(/^0(?!0)/, '+46').replace(/^00/, '+') };
}

/** What happens if this one calls that number at this time? The same decisions as in a real call; nobody's phone rings. */
export function SimulatePage() {
  const { t } = useTranslation();
  useTitle(t('simulate.title'));
  const { tenant, customer, pbx } = usePlace();
  const [told, setTold] = useState<Simulated | null>(null);
  const run = useAction({
    quiet: true,
    run: (values: Values) =>
      unwrap(
        api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/simulate', {
          params: { path: { tenant, customer, pbx } },
          // What has a default need not be sent; the generated types do not know that.
          body: { story: { from: caller(values.from), dialled: values.dialled.trim(), at: values.at, keys: values.keys.match(/[\d*#]/g) ?? [], answer: { kind: values.answer } } as never },
        }),
      ),
  });
  const form = useForm<Values>({
    initial: { from: '', dialled: '', at: nowHere(), keys: '', answer: 'everyone' },
    check: (values) => ({
      ...(values.dialled.trim() ? {} : { dialled: t('form.required') }),
      ...(values.at ? {} : { at: t('form.required') }),
    }),
    names: { 'story.dialled': 'dialled', 'story.at': 'at', 'story.from': 'from', 'story.keys': 'keys' },
    send: async (values) => setTold(await run.mutateAsync(values)),
  });
  return (
    <>
      <PageHeader title={t('simulate.title')}>{t('simulate.text')}</PageHeader>
      <div className="grid items-start gap-6 lg:grid-cols-[20rem_1fr]">
        <Card>
          <FormBody form={form} id="simulate" guard={false}>
            <TextField form={form} name="from" optional label={t('simulate.from')} hint={t('simulate.fromHint')} inputMode="tel" placeholder="070-123 45 67" />
            <TextField form={form} name="dialled" required label={t('simulate.dialled')} hint={t('simulate.dialledHint')} placeholder="2000" />
            <TextField form={form} name="at" required label={t('simulate.at')} type="datetime-local" />
            <TextField form={form} name="keys" optional label={t('simulate.keys')} hint={t('simulate.keysHint')} inputMode="tel" placeholder="1" />
            <SelectField
              form={form}
              name="answer"
              label={t('simulate.answer')}
              options={[
                { value: 'everyone', label: t('simulate.everyone') },
                { value: 'nobody', label: t('simulate.nobody') },
              ]}
            />
            <Button type="submit" variant="primary" icon={PhoneOutgoing} loading={form.submitting}>
              {t('simulate.run')}
            </Button>
          </FormBody>
        </Card>
        <Card>
          <div aria-live="polite">
            {told ? (
              <Told told={told} />
            ) : (
              <EmptyState icon={PhoneOutgoing} title={t('simulate.emptyTitle')}>
                {t('simulate.emptyText')}
              </EmptyState>
            )}
          </div>
        </Card>
      </div>
    </>
  );
}

function Told({ told }: { told: Simulated }) {
  const { t } = useTranslation();
  const steps = told.steps.filter((step) => step.trace.length > 0 || step.hears.length > 0 || step.key);
  return (
    <>
      <p className="text-base font-semibold">{told.end_text}</p>
      {told.reached.length > 0 && <p className="mt-1 text-sm text-mute">{t('simulate.reached', { who: told.reached.map((one) => `${one.name} (${one.number})`).join(', ') })}</p>}
      <ol className="mt-6 flex flex-col">
        {steps.map((step, index) => (
          // The order is the identity: the story does not change.
          <li key={index} className="relative flex gap-4 pb-5 last:pb-0">
            {index < steps.length - 1 && <span aria-hidden className="absolute top-5 bottom-0 left-[3.6rem] w-px bg-line-strong" />}
            <span className="tabular w-10 shrink-0 pt-0.5 text-right text-xs text-mute">{duration(step.millis / 1000)}</span>
            <span aria-hidden className={`mt-1.5 size-[11px] shrink-0 rounded-full border-2 ${index === steps.length - 1 ? 'border-accent bg-accent' : 'border-control bg-surface'}`} />
            <div className="flex min-w-0 flex-col gap-1.5 text-sm">
              {step.key && <p className="font-medium">{t('simulate.pressed', { key: step.key })}</p>}
              {step.trace.map((line, nth) => (
                <p key={nth}>{line.text}</p>
              ))}
              {step.hears.map((sound, nth) => (
                <p key={nth} className="flex items-start gap-2 rounded-lg bg-sunken px-3 py-2 text-soft">
                  <Volume2 aria-hidden className="mt-0.5 size-4 shrink-0 text-mute" />
                  {sound.kind === 'speech' ? `“${sound.text}”` : t(`hears.${sound.kind}`)}
                </p>
              ))}
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

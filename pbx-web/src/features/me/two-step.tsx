import { useQuery } from '@tanstack/react-query';
import { Download, KeyRound, Printer, ShieldCheck, ShieldOff, Smartphone } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useBeforeUnload } from 'react-router';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Totp } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { download } from '@/lib/text';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { CODE_DIGITS, CodeInput } from '@/ui/code';
import { CopyButton } from '@/ui/copy';
import { Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Card } from '@/ui/page';
import { QrCode } from '@/ui/qr';
import { Notice, Skeleton } from '@/ui/states';
import { Time } from '@/ui/time';

/** Fewer left than this: time for new ones. */
const FEW = 3;

/** Signing in with a code of an app as well: off, on, and how to come from the one to the other. */
export function TwoStepCard() {
  const { t } = useTranslation();
  const [open, setOpen] = useState<'on' | 'off' | 'codes' | null>(null);
  const query = useQuery(get('/api/v1/me/security'));
  const close = () => setOpen(null);
  return (
    <Card title={t('me.twoStep.title')} description={t('me.twoStep.text')} actions={query.data && <Badge tone={query.data.totp.on ? 'good' : 'idle'}>{query.data.totp.on ? t('me.twoStep.on') : t('me.twoStep.off')}</Badge>}>
      <View query={query} skeleton={<Skeleton className="h-10" />}>
        {({ totp }) =>
          totp.on ? (
            <div className="flex flex-col gap-4">
              {totp.recovery_codes_left < FEW && (
                <Notice kind="warn">{totp.recovery_codes_left === 0 ? t('me.twoStep.noCodesLeft') : t('me.twoStep.fewCodesLeft', { count: totp.recovery_codes_left })}</Notice>
              )}
              <div className="text-sm text-soft">
                {totp.since && (
                  <p>
                    {t('me.twoStep.since')} <Time at={totp.since} />
                  </p>
                )}
                <p>{t('me.twoStep.codesLeft', { count: totp.recovery_codes_left })}</p>
              </div>
              <div className="flex flex-wrap gap-2">
                <Button icon={KeyRound} onClick={() => setOpen('codes')}>
                  {t('me.twoStep.newCodes')}
                </Button>
                <Button variant="danger-quiet" icon={ShieldOff} onClick={() => setOpen('off')}>
                  {t('me.twoStep.turnOff')}
                </Button>
              </div>
            </div>
          ) : (
            <div className="flex flex-col items-start gap-4">
              <p className="text-sm text-soft">{t('me.twoStep.offText')}</p>
              <Button variant="primary" icon={ShieldCheck} onClick={() => setOpen('on')}>
                {t('me.twoStep.turnOn')}
              </Button>
            </div>
          )
        }
      </View>
      {open === 'on' && <TurnOn onClose={close} />}
      {open === 'off' && <TurnOff onClose={close} />}
      {open === 'codes' && <NewCodes onClose={close} />}
    </Card>
  );
}

/** Three steps: who you are, the app, the recovery codes. */
function TurnOn({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [totp, setTotp] = useState<Totp | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const begin = useAction({ quiet: true, run: (password: string) => unwrap(api.POST('/api/v1/me/totp', { body: { password } })) });
  if (codes) return <CodesDialog title={t('me.twoStep.turnOn')} steps={<Steps at={3} />} codes={codes} onClose={onClose} />;
  if (totp) return <Scan totp={totp} onClose={onClose} onCodes={setCodes} />;
  return (
    <PasswordDialog title={t('me.twoStep.turnOn')} action={t('me.twoStep.next')} onClose={onClose} send={(password) => begin.mutateAsync(password).then(setTotp)}>
      <Steps at={1} />
      <div className="flex items-start gap-3">
        <span aria-hidden className="flex size-9 shrink-0 items-center justify-center rounded-xl bg-accent-soft text-accent-text">
          <Smartphone className="size-5" />
        </span>
        <p className="text-sm text-soft">{t('me.twoStep.appText')}</p>
      </div>
    </PasswordDialog>
  );
}

const STEPS = ['you', 'app', 'codes'] as const;

function Steps({ at }: { at: 1 | 2 | 3 }) {
  const { t } = useTranslation();
  return (
    <div>
      <p className="text-xs font-medium text-mute">{t('me.twoStep.step', { at, of: STEPS.length, name: t(`me.twoStep.steps.${STEPS[at - 1] ?? 'you'}`) })}</p>
      <div aria-hidden className="mt-2 flex gap-1.5">
        {STEPS.map((step, index) => (
          <span key={step} className={`h-1 flex-1 rounded-full ${index < at ? 'bg-accent' : 'bg-line-strong'}`} />
        ))}
      </div>
    </div>
  );
}

function Scan({ totp, onClose, onCodes }: { totp: Totp; onClose: () => void; onCodes: (codes: string[]) => void }) {
  const { t } = useTranslation();
  const confirm = useAction({ quiet: true, stale: stale.me, success: t('me.twoStep.turnedOn'), run: (code: string) => unwrap(api.POST('/api/v1/me/totp/confirm', { body: { code } })) });
  const form = useForm({
    initial: { code: '' },
    check: (values) => (values.code.length === CODE_DIGITS ? {} : { code: t('form.code') }),
    send: async (values) => onCodes((await confirm.mutateAsync(values.code)).recovery_codes),
  });
  const groups = totp.secret.replace(/\s/g, '').match(/.{1,4}/g)?.join(' ') ?? totp.secret;
  return (
    <Dialog
      title={t('me.twoStep.turnOn')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="two-step-code" variant="primary" loading={form.submitting}>
            {t('me.twoStep.confirm')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-5">
        <Steps at={2} />
        <div className="flex flex-col items-center gap-4 sm:flex-row sm:items-start">
          <QrCode text={totp.uri} label={t('me.twoStep.qrAlt')} className="size-44 shrink-0" />
          <div className="flex min-w-0 flex-col gap-3 self-stretch">
            <p className="text-sm text-soft">{t('me.twoStep.scan')}</p>
            <div>
              <p className="text-xs text-mute">{t('me.twoStep.byHand')}</p>
              <div className="mt-1 flex items-center gap-2 rounded-lg border border-line bg-sunken py-1.5 pr-1.5 pl-3">
                <code data-secret className="min-w-0 flex-1 font-mono text-sm break-words">
                  {groups}
                </code>
                <CopyButton text={totp.secret} label={t('me.twoStep.secret')} />
              </div>
            </div>
          </div>
        </div>
        <FormBody form={form} id="two-step-code" guard={false}>
          <Field label={t('me.twoStep.code')} hint={t('me.twoStep.codeHint')} required error={form.errors.code}>
            {(field) => <CodeInput field={field} value={form.values.code} onChange={(code) => form.set('code', code)} />}
          </Field>
        </FormBody>
      </div>
    </Dialog>
  );
}

function TurnOff({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const off = useAction({ quiet: true, stale: stale.me, success: t('me.twoStep.turnedOff'), run: (password: string) => unwrap(api.DELETE('/api/v1/me/totp', { body: { password } })) });
  return (
    <PasswordDialog danger title={t('me.twoStep.turnOffTitle')} action={t('me.twoStep.turnOff')} onClose={onClose} send={(password) => off.mutateAsync(password).then(onClose)}>
      <p className="text-sm text-soft">{t('me.twoStep.turnOffText')}</p>
    </PasswordDialog>
  );
}

function NewCodes({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [codes, setCodes] = useState<string[] | null>(null);
  const make = useAction({ quiet: true, stale: stale.me, run: (password: string) => unwrap(api.POST('/api/v1/me/totp/recovery-codes', { body: { password } })) });
  if (codes) return <CodesDialog title={t('me.twoStep.newCodes')} codes={codes} onClose={onClose} />;
  return (
    <PasswordDialog title={t('me.twoStep.newCodes')} action={t('me.twoStep.makeCodes')} onClose={onClose} send={(password) => make.mutateAsync(password).then((made) => setCodes(made.recovery_codes))}>
      <p className="text-sm text-soft">{t('me.twoStep.newCodesText')}</p>
    </PasswordDialog>
  );
}

/** What changes how one signs in asks who is at the keyboard. */
function PasswordDialog({ title, action, danger = false, children, send, onClose }: { title: string; action: string; danger?: boolean; children: ReactNode; send: (password: string) => Promise<unknown>; onClose: () => void }) {
  const { t } = useTranslation();
  const form = useForm({
    initial: { password: '' },
    check: (values) => (values.password ? {} : { password: t('form.required') }),
    send: (values) => send(values.password),
  });
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="your-password" variant={danger ? 'danger' : 'primary'} loading={form.submitting}>
            {action}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="your-password" guard={false}>
        {children}
        <TextField form={form} name="password" required password label={t('me.twoStep.password')} autoComplete="current-password" />
      </FormBody>
    </Dialog>
  );
}

/** The recovery codes, shown this once. Neither Esc nor a click outside closes it. */
function CodesDialog({ title, steps, codes, onClose }: { title: string; steps?: ReactNode; codes: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const [kept, setKept] = useState(false);
  const id = useId();
  useBeforeUnload((event) => event.preventDefault());
  const text = [t('me.twoStep.fileTitle'), '', ...codes, ''].join('\r\n');
  return (
    <Dialog
      title={title}
      onClose={onClose}
      dismissable={false}
      hideClose
      footer={
        <Button variant="primary" disabledReason={kept ? undefined : t('me.twoStep.keepFirst')} onClick={onClose}>
          {t('me.twoStep.done')}
        </Button>
      }
    >
      <div className="flex flex-col gap-5">
        <div className="print:hidden">{steps}</div>
        <div className="print:hidden">
          <Notice kind="warn">{t('me.twoStep.codesText')}</Notice>
        </div>
        <div data-print>
          <p className="mb-4 hidden text-base font-semibold print:block">{t('me.twoStep.fileTitle')}</p>
          <ul aria-label={t('me.twoStep.codesLabel')} className="grid gap-x-6 gap-y-2 rounded-lg min-[28rem]:grid-cols-2 border border-line bg-sunken px-5 py-4 text-center font-mono text-base">
            {codes.map((code) => (
              <li key={code} data-recovery-code>
                {code}
              </li>
            ))}
          </ul>
        </div>
        <div className="flex flex-wrap items-center gap-2 print:hidden">
          <Button
            icon={Download}
            onClick={() => {
              download('voxera-recovery-codes.txt', text);
              setKept(true);
            }}
          >
            {t('me.twoStep.download')}
          </Button>
          <Button
            icon={Printer}
            onClick={() => {
              print();
              setKept(true);
            }}
          >
            {t('me.twoStep.print')}
          </Button>
          <CopyButton text={codes.join('\n')} label={t('me.twoStep.codesLabel')} />
        </div>
        <label htmlFor={id} className="flex cursor-pointer items-start gap-2.5 text-sm print:hidden">
          <input id={id} type="checkbox" checked={kept} onChange={(event) => setKept(event.target.checked)} className="mt-0.5 size-4 accent-accent" />
          {t('me.twoStep.kept')}
        </label>
      </div>
    </Dialog>
  );
}

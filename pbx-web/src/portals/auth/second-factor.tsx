import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/problem';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { useTitle } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { CODE_DIGITS, CodeInput } from '@/ui/code';
import { Field } from '@/ui/field';
import { AuthCard, linkLook } from './layout';

/** After the right password: a code from the app, or one of the recovery codes. */
export function SecondFactor({ email, send, onIn, onBack }: { email: string; send: (code: string) => Promise<void>; onIn: () => unknown; onBack: () => void }) {
  const { t } = useTranslation();
  useTitle(t('auth.code.title'));
  const [recovery, setRecovery] = useState(false);
  const form = useForm({
    initial: { code: '', recovery: '' },
    check: (values) => {
      if (recovery) return values.recovery.trim() ? {} : { recovery: t('form.required') };
      return values.code.length === CODE_DIGITS ? {} : { code: t('form.code') };
    },
    send: async (values) => {
      try {
        await send(recovery ? values.recovery.trim() : values.code);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'second_factor_wrong') throw error;
        // It belongs to the field, which the answer does not name.
        throw new ApiError(error.status, 'validation', error.message, { [recovery ? 'recovery' : 'code']: { code: recovery ? 'recovery_code_wrong' : error.code, message: error.message } });
      }
      await onIn();
    },
  });
  // The step replaces what the person was at: the next thing to fill in has the focus.
  useEffect(() => {
    document.querySelector<HTMLInputElement>('#second-factor input')?.focus();
  }, [recovery]);
  const turn = () => {
    form.reset();
    setRecovery(!recovery);
  };
  return (
    <AuthCard
      title={t('auth.code.title')}
      text={recovery ? t('auth.code.recoveryText') : t('auth.code.text', { email })}
      below={
        <button type="button" onClick={onBack} className={linkLook}>
          {t('auth.code.back')}
        </button>
      }
    >
      <FormBody form={form} id="second-factor" guard={false}>
        {recovery ? (
          <TextField key="recovery" form={form} name="recovery" required label={t('auth.code.recovery')} hint={t('auth.code.recoveryHint')} autoComplete="off" autoCapitalize="off" spellCheck={false} />
        ) : (
          <Field key="code" label={t('auth.code.code')} required error={form.errors.code}>
            {(field) => <CodeInput field={field} value={form.values.code} onChange={(code) => form.set('code', code)} />}
          </Field>
        )}
        <Button type="submit" variant="primary" size="lg" loading={form.submitting} className="w-full">
          {t('auth.signIn.submit')}
        </Button>
        <button type="button" onClick={turn} className={`self-center text-sm ${linkLook}`}>
          {recovery ? t('auth.code.useCode') : t('auth.code.useRecovery')}
        </button>
      </FormBody>
    </AuthCard>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Locale, Pbx } from '@/api/types';
import { AudioPicker, NumberPicker } from '@/features/extensions/pickers';
import { useAction } from '@/features/shared/action';
import { FormBody, SelectField, TextField, useForm } from '@/features/shared/form';
import { useLocaleOptions, zoneOptions } from '@/features/shared/options';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Button } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { Field, Input, Switch } from '@/ui/field';
import { Card, PageHeader } from '@/ui/page';

const FEATURES = ['queues', 'hunt_groups', 'voicemail', 'conferencing', 'recording'] as const;
const whole = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN);

export function PbxSettingsPage() {
  const { t } = useTranslation();
  useTitle(t('pbxs.settings'));
  const { tenant, customer, pbx } = usePlace();
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}', { params: { path: { tenant, customer, pbx } } }));
  return (
    <>
      <PageHeader title={t('pbxs.settings')}>{query.data?.realm}</PageHeader>
      <View query={query}>{(data) => <PbxForm key={data.id} pbx={data} />}</View>
    </>
  );
}

interface Values {
  name: string;
  description: string;
  time_zone: string;
  language: Locale;
  features: Pbx['features'];
  max_extensions: string;
  caller_id: string | null;
  music: string | null;
  premium_allowed: boolean;
  recording_days: string;
}

function PbxForm({ pbx }: { pbx: Pbx }) {
  const { t } = useTranslation();
  const locales = useLocaleOptions();
  const { tenant = '', customer = '' } = useParams();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const path = { tenant, customer, pbx: pbx.id };
  const save = useAction({
    quiet: true,
    stale: stale.pbx,
    success: t('saved'),
    run: (values: Values) =>
      unwrap(
        api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}', {
          params: { path },
          body: {
            ...values,
            name: values.name.trim(),
            description: values.description.trim() || null,
            max_extensions: values.max_extensions.trim() ? whole(values.max_extensions) : null,
            recording_days: whole(values.recording_days),
          },
        }),
      ),
  });
  const remove = useAction({ stale: stale.pbx, deletes: path, success: t('pbxs.deleted'), run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}', { params: { path } })) });
  const form = useForm<Values>({
    initial: {
      name: pbx.name,
      description: pbx.description ?? '',
      time_zone: pbx.time_zone,
      language: pbx.language,
      features: pbx.features,
      max_extensions: pbx.max_extensions ? String(pbx.max_extensions) : '',
      caller_id: pbx.caller_id ?? null,
      music: pbx.music ?? null,
      premium_allowed: pbx.premium_allowed,
      recording_days: String(pbx.recording_days),
    },
    check: (values) => ({
      ...(values.name.trim() ? {} : { name: t('form.required') }),
      ...(values.max_extensions.trim() === '' || whole(values.max_extensions) >= 1 ? {} : { max_extensions: t('extensions.range', { from: 1, to: 10000 }) }),
      ...(whole(values.recording_days) >= 1 && whole(values.recording_days) <= 3650 ? {} : { recording_days: t('extensions.range', { from: 1, to: 3650 }) }),
    }),
    send: (values) => save.mutateAsync(values),
  });
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <FormBody form={form} id="pbx" className="flex flex-col gap-6">
        <Card>
          <div className="flex flex-col gap-5">
            <TextField form={form} name="name" required label={t('field.name')} maxLength={100} />
            <TextField form={form} name="description" optional label={t('pbxs.description')} maxLength={500} />
            <Field label={t('pbxs.realm')} hint={t('pbxs.realmFixed')}>
              {(field) => <Input {...field} value={pbx.realm} readOnly disabled />}
            </Field>
            <div className="grid gap-5 sm:grid-cols-2">
              <SelectField form={form} name="time_zone" label={t('field.timeZone')} options={zoneOptions(form.values.time_zone)} />
              <SelectField form={form} name="language" label={t('pbxs.language')} options={locales} />
            </div>
            <TextField form={form} name="max_extensions" optional label={t('pbxs.maxExtensions')} inputMode="numeric" className="max-w-64" />
          </div>
        </Card>
        <Card title={t('pbxs.features')} description={t('pbxs.featuresText')}>
          <div className="flex flex-col gap-4">
            {FEATURES.map((feature) => (
              <Switch key={feature} label={t(`pbxs.feature.${feature}`)} checked={form.values.features[feature]} onChange={(on) => form.set('features', { ...form.values.features, [feature]: on })} />
            ))}
          </div>
        </Card>
        <Card title={t('pbxs.calls')}>
          <div className="flex flex-col gap-5">
            <NumberPicker label={t('extensions.callerId')} none={t('pbxs.lowestNumber')} value={form.values.caller_id} onChange={(number) => form.set('caller_id', number)} />
            <AudioPicker label={t('pbxs.music')} value={form.values.music} onChange={(music) => form.set('music', music)} />
            <Switch label={t('pbxs.premium')} hint={t('pbxs.premiumHint')} checked={form.values.premium_allowed} onChange={(on) => form.set('premium_allowed', on)} />
            <TextField form={form} name="recording_days" label={t('pbxs.recordingDays')} hint={t('pbxs.recordingDaysHint')} inputMode="numeric" className="max-w-64" />
          </div>
        </Card>
        <div className="flex justify-end">
          <Button type="submit" variant="primary" loading={form.submitting}>
            {t('action.save')}
          </Button>
        </div>
      </FormBody>
      <Card title={t('danger.delete')} description={t('pbxs.deleteHint')}>
        <Button variant="danger-quiet" onClick={() => setAsking(true)}>
          {t('pbxs.delete')}
        </Button>
      </Card>
      {asking && (
        <ConfirmDialog
          title={t('pbxs.deleteTitle', { name: pbx.name })}
          word={pbx.name}
          action={t('action.delete')}
          onClose={() => setAsking(false)}
          onConfirm={() => remove.mutateAsync(undefined).then(() => navigate(paths.customer(tenant, customer).pbxs))}
        >
          {t('pbxs.deleteText', { extensions: pbx.extensions })}
        </ConfirmDialog>
      )}
    </div>
  );
}

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Phone, PhoneIncoming, Smartphone } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import { refresh } from '@/api/session';
import type { Call, Locale } from '@/api/types';
import { OutcomeWord, Party } from '@/features/calls/parts';
import { useAccount } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { List, useList } from '@/features/shared/list';
import { useLocaleOptions } from '@/features/shared/options';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { setLanguage } from '@/i18n';
import { duration } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { setTheme, useTheme, type Theme } from '@/lib/theme';
import { Status } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Choice } from '@/ui/field';
import { Card, Facts, PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';

export function MyPhonesPage() {
  const { t } = useTranslation();
  const { account } = useAccount();
  useTitle(t('me.phones'));
  const query = useQuery({ ...get('/api/v1/me/extension'), refetchInterval: 15_000 });
  const first = account?.name.split(' ')[0];
  return (
    <>
      <PageHeader title={first ? t('me.hello', { name: first }) : t('me.phones')}>{t('me.phonesText')}</PageHeader>
      <View query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="rounded-xl border border-line bg-surface shadow-card">
              <EmptyState icon={Phone} title={t('me.noExtensionTitle')}>
                {t('me.noExtensionText')}
              </EmptyState>
            </div>
          ) : (
            <div className="grid gap-5 lg:grid-cols-2">
              {items.map(({ extension, devices, customer_name, pbx_name }) => (
                <Card key={extension.id} title={`${extension.number} ${extension.name}`} description={[customer_name, pbx_name].join(' · ')} actions={extension.in_call ? <Status tone="accent">{t('online.inCall')}</Status> : undefined} flush>
                  {devices.length === 0 ? (
                    <p className="px-5 pb-5 text-sm text-mute">{t('me.noPhones')}</p>
                  ) : (
                    <ul aria-label={t('devices.title')} className="divide-y divide-line border-t border-line">
                      {devices.map((device) => (
                        <li key={device.id} className="flex items-center gap-3 px-5 py-3">
                          <Smartphone aria-hidden className="size-4 shrink-0 text-mute" />
                          <div className="min-w-0 flex-1">
                            <p className="truncate text-sm font-medium">{device.name}</p>
                            <p className="truncate text-xs text-mute">{device.user_agent ?? t('devices.neverSeen')}</p>
                          </div>
                          <Status tone={device.online ? 'good' : 'idle'}>{device.online ? t('online.yes') : t('online.no')}</Status>
                        </li>
                      ))}
                    </ul>
                  )}
                  <div className="border-t border-line px-5 py-3.5">
                    <Facts
                      items={[
                        ...(extension.settings.kind === 'user'
                          ? [
                              { label: t('extensions.ringSeconds'), value: t('extensions.seconds', { seconds: extension.settings.ring_seconds }) },
                              { label: t('extensions.callWaiting'), value: extension.settings.call_waiting ? t('yes') : t('no') },
                            ]
                          : []),
                      ]}
                    />
                  </div>
                </Card>
              ))}
            </div>
          )
        }
      </View>
    </>
  );
}

export function MyCallsPage() {
  const { t } = useTranslation();
  useTitle(t('me.calls'));
  const list = useList(['started_at'], '-started_at');
  const query = useQuery({ ...get('/api/v1/me/calls', { params: { query: list.query } }), placeholderData: keepPreviousData, refetchInterval: 15_000 });
  return (
    <>
      <PageHeader title={t('me.calls')}>{t('me.callsText')}</PageHeader>
      <List<Call>
        list={list}
        query={query}
        label={t('me.calls')}
        searchLabel={t('calls.search')}
        rowKey={(call) => call.id}
        columns={[
          { key: 'from', header: t('calls.caller'), cell: (call) => <Party party={call.from} /> },
          { key: 'to', header: t('calls.callee'), cell: (call) => <Party party={call.to} /> },
          { key: 'outcome', header: t('calls.outcome'), cell: (call) => <OutcomeWord outcome={call.outcome} talked={Boolean(call.answered_at)} /> },
          { key: 'talk', header: t('calls.talked'), align: 'right', cell: (call) => (call.answered_at ? duration(call.talk_seconds) : '–') },
          { key: 'at', header: t('calls.when'), sort: 'started_at', align: 'right', cell: (call) => <Time at={call.started_at} /> },
        ]}
        empty={
          <EmptyState icon={PhoneIncoming} title={t('calls.emptyTitle')}>
            {t('me.callsEmpty')}
          </EmptyState>
        }
      />
    </>
  );
}

export function ProfilePage() {
  const { t } = useTranslation();
  useTitle(t('me.profile'));
  const query = useQuery(get('/api/v1/me'));
  return (
    <>
      <PageHeader title={t('me.profile')}>{query.data?.email}</PageHeader>
      <View query={query}>{(profile) => <ProfileForm key={profile.id} name={profile.name} locale={profile.locale} />}</View>
    </>
  );
}

function ProfileForm({ name, locale }: { name: string; locale: Locale }) {
  const { t } = useTranslation();
  const locales = useLocaleOptions();
  const chosen = useTheme();
  const save = useAction({
    quiet: true,
    stale: stale.me,
    success: t('saved'),
    run: async (body: { name: string; locale: Locale }) => {
      const profile = await unwrap(api.PATCH('/api/v1/me', { body }));
      await setLanguage(body.locale);
      // The token carries the name and the language.
      await refresh();
      return profile;
    },
  });
  const form = useForm({
    initial: { name, locale },
    check: (values) => (values.name.trim() ? {} : { name: t('form.required') }),
    send: (values) => save.mutateAsync(values),
  });
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <Card>
        <FormBody form={form} id="profile">
          <TextField form={form} name="name" required label={t('field.name')} autoComplete="name" maxLength={100} />
          <Choice legend={t('field.language')} columns="sm:grid-cols-2" value={form.values.locale} options={locales} onChange={(next) => form.set('locale', next)} />
          <div className="flex justify-end">
            <Button type="submit" variant="primary" loading={form.submitting}>
              {t('action.save')}
            </Button>
          </div>
        </FormBody>
      </Card>
      <Card title={t('theme.title')} description={t('theme.text')}>
        <Choice<Theme>
          legend={t('theme.title')}
          quiet
          value={chosen}
          onChange={setTheme}
          options={[
            { value: 'system', label: t('theme.system') },
            { value: 'light', label: t('theme.light') },
            { value: 'dark', label: t('theme.dark') },
          ]}
        />
      </Card>
    </div>
  );
}

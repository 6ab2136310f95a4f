import { useQuery } from '@tanstack/react-query';
import { ImageUp, Trash2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import { refresh } from '@/api/session';
import type { Locale } from '@/api/types';
import { put } from '@/api/upload';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { useLocaleOptions } from '@/features/shared/options';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { setLanguage } from '@/i18n';
import { useTitle } from '@/lib/hooks';
import { setTheme, useTheme, type Theme } from '@/lib/theme';
import { Button } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { Choice } from '@/ui/field';
import { Card, Facts, PageHeader } from '@/ui/page';
import { Notice } from '@/ui/states';
import { MyAvatar, useHasAvatar } from './avatar';
import { CropDialog } from './crop';
import { useMyExtensions } from './extensions';

/** Bytes of what is chosen; what is sent is small. */
const LARGEST = 30 * 1024 * 1024;

export function ProfilePage() {
  const { t } = useTranslation();
  useTitle(t('me.profile'));
  const query = useQuery(get('/api/v1/me'));
  return (
    <>
      <PageHeader title={t('me.profile')}>{query.data?.email}</PageHeader>
      <View query={query}>
        {(profile) => (
          <div className="flex max-w-2xl flex-col gap-6">
            <PictureCard />
            <ProfileForm key={profile.id} name={profile.name} locale={profile.locale} />
            <NumbersCard />
            <ThemeCard />
          </div>
        )}
      </View>
    </>
  );
}

function PictureCard() {
  const { t } = useTranslation();
  const has = useHasAvatar();
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<File | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const [removing, setRemoving] = useState(false);
  // The session says whether there is a picture.
  const after = async () => {
    await refresh();
  };
  const save = useAction({ stale: stale.me, success: t('me.avatar.saved'), run: (picture: Blob) => put('/api/v1/me/avatar', picture).then(after) });
  const remove = useAction({ stale: stale.me, success: t('me.avatar.removed'), run: () => unwrap(api.DELETE('/api/v1/me/avatar')).then(after) });
  const take = (file: File | undefined) => {
    if (!file) return;
    const fault = !file.type.startsWith('image/') ? t('me.avatar.kindRule', { name: file.name }) : file.size > LARGEST ? t('me.avatar.sizeRule', { name: file.name }) : null;
    setRefused(fault);
    if (!fault) setChosen(file);
  };
  return (
    <Card>
      <div className="flex flex-wrap items-center gap-5">
        <MyAvatar size="lg" />
        <div className="min-w-0 flex-1 basis-56">
          <h2 className="text-base font-semibold">{t('me.avatar.title')}</h2>
          <p className="mt-0.5 text-sm text-mute">{t('me.avatar.text')}</p>
          <div className="mt-3 flex flex-wrap gap-2">
            <Button icon={ImageUp} onClick={() => input.current?.click()}>
              {has ? t('me.avatar.change') : t('me.avatar.choose')}
            </Button>
            {has && (
              <Button variant="danger-quiet" icon={Trash2} onClick={() => setRemoving(true)}>
                {t('action.remove')}
              </Button>
            )}
          </div>
        </div>
      </div>
      <input
        ref={input}
        type="file"
        accept="image/*"
        className="hidden"
        aria-label={t('me.avatar.choose')}
        onChange={(event) => {
          take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      {refused && (
        <div className="mt-4">
          <Notice kind="bad" role="alert">
            {refused}
          </Notice>
        </div>
      )}
      {chosen && <CropDialog file={chosen} onDone={(picture) => save.mutateAsync(picture)} onClose={() => setChosen(null)} />}
      {removing && (
        <ConfirmDialog title={t('me.avatar.removeTitle')} action={t('action.remove')} onClose={() => setRemoving(false)} onConfirm={() => remove.mutateAsync(undefined)}>
          {t('me.avatar.removeText')}
        </ConfirmDialog>
      )}
    </Card>
  );
}

function ProfileForm({ name, locale }: { name: string; locale: Locale }) {
  const { t } = useTranslation();
  const locales = useLocaleOptions();
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
  );
}

/** Under what numbers one is reached. */
function NumbersCard() {
  const { t } = useTranslation();
  const query = useMyExtensions();
  return (
    <Card title={t('me.reached')} description={t('me.reachedText')}>
      <View query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-sm text-mute">
              {t('me.noExtensionTitle')}. {t('me.noExtensionText')}
            </p>
          ) : (
            <Facts
              items={items.flatMap((item) => [
                { label: t('extensions.one'), value: <span className="tabular">{item.extension.number}</span> },
                { label: t('me.directNumbers'), value: item.numbers.length > 0 ? <span className="tabular">{item.numbers.map((number) => number.national).join(', ')}</span> : t('me.noDirectNumbers') },
                { label: t('nav.company'), value: [item.customer_name, item.pbx_name].join(' · ') },
              ])}
            />
          )
        }
      </View>
    </Card>
  );
}

function ThemeCard() {
  const { t } = useTranslation();
  const chosen = useTheme();
  return (
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
  );
}

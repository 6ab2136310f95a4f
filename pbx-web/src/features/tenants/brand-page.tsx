import { useQuery } from '@tanstack/react-query';
import { ImageUp, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { ApiError, unwrap } from '@/api/problem';
import type { Tenant } from '@/api/types';
import { BrandLogo } from '@/features/brand/logo';
import { FormBody, SelectField, TextField, useForm } from '@/features/shared/form';
import { useAction } from '@/features/shared/action';
import { useLocaleOptions, zoneOptions } from '@/features/shared/options';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { applyAccent } from '@/lib/colour';
import { useTitle } from '@/lib/hooks';
import { Badge, Status } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card, PageHeader } from '@/ui/page';
import { toast } from '@/ui/toast';
import { ColourField } from './brand-fields';

/** What may be chosen, in bytes; it is drawn smaller before it is sent. */
const LOGO_LIMIT = 2 * 1024 * 1024;
const LOGO_TYPES = ['image/png', 'image/jpeg'];
/** Pixels: twice what the portal and the mails show. */
const LOGO_SIDE = 512;

/** The picture at the size it is used in. */
async function shrink(file: File): Promise<Blob> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LOGO_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png'));
}

export function BrandPage() {
  const { t } = useTranslation();
  useTitle(t('brand.title'));
  const { tenant } = usePlace();
  const query = useQuery(get('/api/v1/tenants/{tenant}', { params: { path: { tenant } } }));
  return (
    <>
      <PageHeader title={t('brand.title')}>{t('brand.text')}</PageHeader>
      <View query={query}>{(data) => <BrandForm key={data.id} tenant={data} />}</View>
    </>
  );
}

function BrandForm({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const locales = useLocaleOptions();
  const path = { tenant: tenant.id };
  const save = useAction({
    quiet: true,
    stale: stale.tenants,
    success: t('saved'),
    run: (values: { brand_name: string; accent: string; support_email: string; locale: string; time_zone: string }) =>
      unwrap(
        api.PATCH('/api/v1/tenants/{tenant}', {
          params: { path },
          body: { ...values, locale: values.locale === 'en' ? 'en' : 'sv', support_email: values.support_email.trim() || null },
        }),
      ),
  });
  const form = useForm({
    initial: { brand_name: tenant.brand_name, accent: tenant.accent, support_email: tenant.support_email ?? '', locale: tenant.locale, time_zone: tenant.time_zone },
    send: (values) => save.mutateAsync(values),
  });
  return (
    <div className="grid gap-6 xl:grid-cols-[minmax(0,1fr)_24rem]">
      <div className="flex flex-col gap-6">
        <LogoCard tenant={tenant} />
        <Card title={t('brand.look')}>
          <FormBody form={form} id="brand">
            <TextField form={form} name="brand_name" required label={t('brand.name')} hint={t('brand.nameHint')} maxLength={100} />
            <ColourField form={form} />
            <TextField form={form} name="support_email" optional label={t('tenants.support')} type="email" hint={t('tenants.supportHint')} />
            <div className="grid gap-5 sm:grid-cols-2">
              <SelectField form={form} name="locale" label={t('brand.language')} options={locales} />
              <SelectField form={form} name="time_zone" label={t('field.timeZone')} options={zoneOptions(form.values.time_zone)} />
            </div>
            <div className="flex justify-end">
              <Button type="submit" variant="primary" loading={form.submitting}>
                {t('action.save')}
              </Button>
            </div>
          </FormBody>
        </Card>
      </div>
      <div className="xl:sticky xl:top-20 xl:self-start">
        <h2 className="mb-3 text-sm font-semibold">{t('brand.preview')}</h2>
        <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-1">
          <Preview theme="light" name={form.values.brand_name} accent={form.values.accent} logo={tenant.logo_url} />
          <Preview theme="dark" name={form.values.brand_name} accent={form.values.accent} logo={tenant.logo_url} />
        </div>
      </div>
    </div>
  );
}

/** What the portal will look like, with the same derivation of tints as the portal itself. */
function Preview({ theme, name, accent, logo }: { theme: 'light' | 'dark'; name: string; accent: string; logo: string | null | undefined }) {
  const { t } = useTranslation();
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (ref.current) applyAccent(accent, ref.current, theme);
  }, [accent, theme]);
  return (
    <div ref={ref} data-theme={theme} inert className="overflow-hidden rounded-xl border border-line bg-canvas text-text shadow-card">
      <div className="flex items-center justify-between border-b border-line bg-surface px-4 py-3">
        <BrandLogo name={name} logo={logo} />
        <Badge>{t(`theme.${theme}`)}</Badge>
      </div>
      <div className="flex flex-col gap-3 p-4">
        <div className="flex gap-2 text-sm">
          <span className="rounded-md bg-accent-soft px-2.5 py-1 font-medium text-accent-text">{t('nav.extensions')}</span>
          <span className="px-2.5 py-1 text-mute">{t('nav.calls')}</span>
        </div>
        <div className="flex items-center justify-between rounded-lg border border-line bg-surface px-3 py-2.5">
          <span className="text-sm font-medium">1000</span>
          <Status tone="good">{t('online.yes')}</Status>
        </div>
        <div className="flex items-center gap-4">
          <span className="rounded-lg bg-accent px-3 py-1.5 text-sm font-medium text-on-accent">{t('extensions.new')}</span>
          <span className="text-sm text-accent-text underline underline-offset-2">{t('action.more')}</span>
        </div>
      </div>
    </div>
  );
}

function LogoCard({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const path = { tenant: tenant.id };
  const upload = useAction({
    stale: stale.tenants,
    success: t('brand.logoSaved'),
    run: async (file: File) => {
      const picture = await shrink(file).catch(() => {
        throw new ApiError(0, 'logo_unreadable', '', {});
      });
      return unwrap(
        api.PUT('/api/v1/tenants/{tenant}/logo', {
          params: { path },
          // The generated type says "numbers"; on the wire it is the file.
          body: picture as unknown as number[],
          bodySerializer: () => picture,
          headers: { 'content-type': picture.type },
        }),
      );
    },
  });
  const remove = useAction({ stale: stale.tenants, success: t('brand.logoRemoved'), run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/logo', { params: { path } })) });
  const take = (file: File | undefined) => {
    if (!file) return;
    if (!LOGO_TYPES.includes(file.type)) toast.bad(t('brand.logoType'));
    else if (file.size > LOGO_LIMIT) toast.bad(t('brand.logoSize'));
    else upload.mutate(file);
  };
  return (
    <Card title={t('brand.logo')} description={t('brand.logoText')}>
      {/* Dropping a file is a pointer's short cut for the button inside. */}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files[0]);
        }}
        className={`flex flex-wrap items-center gap-5 rounded-xl border border-dashed p-5 transition-colors ${over ? 'border-accent-text bg-accent-soft' : 'border-line-strong bg-sunken/40'}`}
      >
        <span className="flex h-16 min-w-16 items-center justify-center rounded-xl border border-line bg-surface px-3">
          <BrandLogo name={tenant.brand_name} logo={tenant.logo_url} compact />
        </span>
        <div className="flex flex-wrap gap-2">
          <Button icon={ImageUp} loading={upload.isPending} onClick={() => input.current?.click()}>
            {tenant.logo_url ? t('brand.logoReplace') : t('brand.logoChoose')}
          </Button>
          {tenant.logo_url && (
            <Button variant="danger-quiet" icon={Trash2} loading={remove.isPending} onClick={() => remove.mutate(undefined)}>
              {t('action.remove')}
            </Button>
          )}
          <input
            ref={input}
            type="file"
            accept={LOGO_TYPES.join(',')}
            aria-label={t('brand.logoChoose')}
            tabIndex={-1}
            className="sr-only"
            onChange={(event) => {
              take(event.target.files?.[0]);
              event.target.value = '';
            }}
          />
        </div>
      </div>
    </Card>
  );
}

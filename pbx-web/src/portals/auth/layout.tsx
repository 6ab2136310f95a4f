import { Languages } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, useSearchParams } from 'react-router';
import { rememberSlug, useBrand } from '@/features/brand/brand';
import { BrandLogo } from '@/features/brand/logo';
import { setLanguage } from '@/i18n';
import { Toasts } from '@/ui/toast';

/** The pages before signing in: the partner's brand, one card, nothing else. */
export function AuthLayout() {
  const { t, i18n } = useTranslation();
  const [params] = useSearchParams();
  const brand = useBrand(rememberSlug(params.get('slug')));
  const other = i18n.language === 'sv' ? 'en' : 'sv';
  return (
    <div className="flex min-h-dvh flex-col items-center bg-canvas px-4 py-6">
      <header className="flex min-h-[12vh] items-end pb-8">{brand && <BrandLogo name={brand.name} logo={brand.logo_url} />}</header>
      <main className="w-full max-w-[25rem]">
        <Outlet />
      </main>
      <footer className="mt-auto flex flex-wrap items-center justify-center gap-x-5 gap-y-2 pt-10 text-xs text-mute">
        {brand?.support_email && (
          <a href={`mailto:${brand.support_email}`} className="hover:text-text">
            {t('auth.support', { email: brand.support_email })}
          </a>
        )}
        {brand && brand.name !== 'Voxera' && <span>{t('auth.poweredBy')}</span>}
        <button type="button" lang={other} aria-label={`${t('auth.languageName')}: ${t(`language.${other}`)}`} onClick={() => void setLanguage(other)} className="inline-flex items-center gap-1.5 rounded hover:text-text">
          <Languages aria-hidden className="size-3.5" />
          {t(`language.${other}`)}
        </button>
      </footer>
      <Toasts />
    </div>
  );
}

export function AuthCard({ title, text, children, below }: { title: string; text?: ReactNode; children?: ReactNode; below?: ReactNode }) {
  return (
    <>
      <section className="rounded-2xl border border-line bg-surface p-6 shadow-card sm:p-8">
        <h1 className="text-xl font-semibold tracking-tight text-balance">{title}</h1>
        {text && <div className="mt-1.5 text-sm text-pretty text-mute">{text}</div>}
        {children && <div className="mt-6">{children}</div>}
      </section>
      {below && <p className="mt-5 text-center text-sm text-mute">{below}</p>}
    </>
  );
}

export const linkLook = 'font-medium text-accent-text underline-offset-2 hover:underline';

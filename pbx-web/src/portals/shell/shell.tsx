import { Menu as MenuIcon, Search, X } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, ScrollRestoration, useLocation } from 'react-router';
import { useBrand } from '@/features/brand/brand';
import { BrandLogo } from '@/features/brand/logo';
import { MyAvatar } from '@/features/me/avatar';
import { cx } from '@/lib/cx';
import { useMedia, usePhone, useShortcut } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { IconButton } from '@/ui/button';
import { raise } from '@/ui/layers';
import { Toasts } from '@/ui/toast';
import { Tooltips } from '@/ui/tooltips';
import { OfflineBanner } from './banner';
import { Jump } from './jump';
import type { Place } from './nav';
import { Shortcuts } from './shortcuts';
import { Rail, Sidebar } from './sidebar';

interface Framed {
  slug: string | undefined;
  place: Place;
  notice?: ReactNode;
  children?: ReactNode;
}

/** The frame of every portal: what stands beside the page, and the page. */
export const Shell = (framed: Framed) => (
  <Tooltips>
    <Frame {...framed} />
  </Tooltips>
);

function Frame({ slug, place, notice, children }: Framed) {
  const { t } = useTranslation();
  const brand = useBrand(slug);
  const wide = useMedia('(min-width: 1024px)');
  const phone = usePhone();
  const [unfolded, setUnfolded] = useState(false);
  const whole = wide || unfolded;
  const [open, setOpen] = useState<'drawer' | 'palette' | 'shortcuts' | null>(null);
  const close = () => setOpen(null);
  useShortcut('mod+k', (event) => {
    event.preventDefault();
    setOpen('palette');
  });
  useShortcut('?', () => setOpen((now) => now ?? 'shortcuts'));
  return (
    <div className={cx('min-h-dvh', !phone && 'grid', !phone && (whole ? 'grid-cols-[16rem_minmax(0,1fr)]' : 'grid-cols-[4rem_minmax(0,1fr)]'))}>
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50 focus:rounded-lg focus:bg-raised focus:px-4 focus:py-2 focus:shadow-pop">
        {t('shell.skip')}
      </a>
      {!phone ? (
        <aside className="sticky top-0 h-dvh border-r border-line bg-sunken/60">
          {whole ? (
            <Sidebar brand={brand} place={place} onPalette={() => setOpen('palette')} onFold={wide ? undefined : () => setUnfolded(false)} />
          ) : (
            <Rail brand={brand} place={place} onPalette={() => setOpen('palette')} onUnfold={() => setUnfolded(true)} />
          )}
        </aside>
      ) : (
        <header className="sticky top-0 z-20 flex h-14 items-center gap-1 border-b border-line bg-surface/95 px-2 backdrop-blur">
          <IconButton label={t('shell.openMenu')} icon={MenuIcon} tooltip={false} onClick={() => setOpen('drawer')} />
          <div className="min-w-0 flex-1 px-1">{brand && <BrandLogo name={place.title || brand.name} logo={brand.logo_url} />}</div>
          <IconButton label={t('shell.search')} icon={Search} tooltip={false} onClick={() => setOpen('palette')} />
          <Link to={paths.me.profile} aria-label={t('nav.profile')} className="flex size-9 items-center justify-center rounded-full">
            <MyAvatar />
          </Link>
        </header>
      )}
      <div className="flex min-w-0 flex-col">
        <OfflineBanner />
        {notice}
        <main id="content" tabIndex={-1} className="mx-auto w-full max-w-6xl flex-1 px-4 py-6 outline-none sm:px-8 sm:py-9">
          {children ?? <Outlet />}
        </main>
      </div>
      {open === 'drawer' && phone && (
        <Drawer onClose={close}>
          <Sidebar brand={brand} place={place} onPalette={() => setOpen('palette')} onGo={close} />
        </Drawer>
      )}
      {open === 'palette' && <Jump place={place} onClose={close} />}
      {open === 'shortcuts' && <Shortcuts onClose={close} />}
      <FocusOnNewPage />
      <ScrollRestoration getKey={({ pathname }) => pathname} />
      <Toasts />
    </div>
  );
}

function Drawer({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    return ref.current ? raise(ref.current) : undefined;
  }, []);
  return createPortal(
    // A click beside it is a pointer's short cut; the keyboard has Esc and the close button.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      aria-label={t('shell.navigation')}
      className="fixed inset-y-0 left-0 m-0 h-dvh w-72 max-w-[85vw] border-r border-line bg-canvas p-0 shadow-pop"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === ref.current && onClose()}
    >
      <div className="h-full animate-slide-left">
        <IconButton label={t('shell.closeMenu')} icon={X} tooltip={false} onClick={onClose} className="absolute top-3.5 right-2 z-10" />
        {children}
      </div>
    </dialog>,
    document.body,
  );
}

/** A screen reader starts at the new page's heading, as after any page load. */
function FocusOnNewPage() {
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    if (document.activeElement === document.body || document.activeElement?.closest('nav')) document.getElementById('content')?.focus({ preventScroll: true });
  }, [pathname]);
  return null;
}

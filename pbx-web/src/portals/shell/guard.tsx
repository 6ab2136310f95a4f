import { CloudOff } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, Outlet, useLocation } from 'react-router';
import { start } from '@/api/session';
import { PhoneGate } from '@/features/phone/gate';
import { useAccount, useSession, useStanding } from '@/features/session/hooks';
import { Forbidden, NotFound } from '@/features/shared/view';
import { usePlace } from '@/features/shared/place';
import { Mark } from '@/features/brand/logo';
import { useTitle } from '@/lib/hooks';
import type { Role } from '@/lib/permission';
import { paths } from '@/lib/paths';
import { EmptyState, Loading } from '@/ui/states';
import { homeOf, usePlaces } from './places';

/** Milliseconds between attempts to find out who is signed in. */
const AGAIN = 3000;

/** Pages below this are for those who are signed in. */
export function SignedIn() {
  const { t } = useTranslation();
  const session = useSession();
  const { pathname, search } = useLocation();
  const lost = session.state === 'unreachable';
  useEffect(() => {
    if (!lost) return;
    const timer = setInterval(() => void start(), AGAIN);
    return () => clearInterval(timer);
  }, [lost]);
  switch (session.state) {
    case 'in':
      return (
        <>
          <Outlet />
          <PhoneGate />
        </>
      );
    case 'out': {
      const next = pathname === paths.home ? undefined : pathname + search;
      return <Navigate to={paths.signIn({ ...(next ? { next } : {}), ...(session.expired ? { reason: 'expired' } : {}) })} replace />;
    }
    case 'unreachable':
      return (
        <main className="flex min-h-dvh items-center justify-center">
          <EmptyState icon={CloudOff} title={t('unreachable.title')}>
            {t('unreachable.text')}
          </EmptyState>
        </main>
      );
    case 'starting':
      return (
        <main className="flex min-h-dvh items-center justify-center">
          <Loading>
            <Mark className="size-10 animate-shimmer" />
          </Loading>
        </main>
      );
  }
}

/** A page that needs a role here. What is not yours is not there; what your role does not reach says so. */
export function Needs({ role, children }: { role: Role; children?: React.ReactNode }) {
  const { tenant, customer } = usePlace();
  const { role: held, may } = useStanding({ tenant: tenant || undefined, customer: customer || undefined });
  const { memberships } = useAccount();
  if (may(role)) return <>{children ?? <Outlet />}</>;
  const near = held ?? memberships.find((membership) => (tenant ? membership.tenant === tenant : true))?.role;
  return near && (held || !tenant) ? <Forbidden needed={role} held={near} /> : <NotFound />;
}

/** `/`: the one place there is, or a choice. */
export function Home() {
  const { t } = useTranslation();
  const { memberships } = useAccount();
  const places = usePlaces();
  useTitle(t('choose.title'));
  const homes = [...new Set(memberships.map(homeOf))];
  if (homes.length <= 1) return <Navigate to={homes[0] ?? paths.me.home} replace />;
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center px-4 py-10">
      <h1 className="text-xl font-semibold tracking-tight">{t('choose.title')}</h1>
      <p className="mt-1 text-sm text-mute">{t('choose.text')}</p>
      <ul className="mt-6 divide-y divide-line rounded-xl border border-line bg-surface shadow-card">
        {places.map(({ to, label, hint, icon: Icon }) => (
          <li key={to} className="relative flex items-center gap-4 px-5 py-4 hover:bg-hover/60">
            <Icon aria-hidden className="size-5 shrink-0 text-accent-text" />
            <div className="min-w-0">
              <Link to={to} className="font-medium after:absolute after:inset-0">
                {label}
              </Link>
              <p className="text-xs text-mute">{hint}</p>
            </div>
          </li>
        ))}
      </ul>
      {homes.includes(paths.me.home) && (
        <Link to={paths.me.home} className="mt-4 self-start text-sm font-medium text-accent-text hover:underline">
          {t('choose.mine')}
        </Link>
      )}
    </main>
  );
}

import type { UseQueryResult } from '@tanstack/react-query';
import { Lock, SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/problem';
import { giverOf, type Role } from '@/lib/permission';
import { paths } from '@/lib/paths';
import { LinkButton } from '@/ui/button';
import { ErrorState, Loading } from '@/ui/states';
import { useErrorText } from './errors';

/** Not allowed, and what to do about it. */
export function Forbidden({ needed, held }: { needed?: Role; held?: Role | null }) {
  const { t } = useTranslation();
  return (
    <div className="mx-auto flex max-w-lg flex-col items-center px-4 py-20 text-center">
      <span aria-hidden className="mb-5 flex size-14 items-center justify-center rounded-2xl bg-warn-soft text-warn">
        <Lock className="size-7" />
      </span>
      <h1 className="text-xl font-semibold">{t('forbidden.title')}</h1>
      <p className="mt-2 text-sm text-balance text-mute">{needed ? t('forbidden.needed', { role: t(`role.${needed}`).toLowerCase() }) : t('forbidden.text')}</p>
      {held && <p className="mt-1 text-sm text-mute">{t('forbidden.held', { role: t(`role.${held}`).toLowerCase() })}</p>}
      {needed && <p className="mt-4 rounded-lg bg-sunken px-4 py-3 text-sm text-soft">{t('forbidden.ask', { who: t(`role.${giverOf(needed)}`).toLowerCase() })}</p>}
      <LinkButton to={paths.home} className="mt-6">
        {t('action.home')}
      </LinkButton>
    </div>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <div className="mx-auto flex max-w-lg flex-col items-center px-4 py-20 text-center">
      <span aria-hidden className="mb-5 flex size-14 items-center justify-center rounded-2xl bg-accent-soft text-accent-text">
        <SearchX className="size-7" />
      </span>
      <h1 className="text-xl font-semibold">{t('notFound.title')}</h1>
      <p className="mt-2 text-sm text-balance text-mute">{t('notFound.text')}</p>
      <LinkButton to={paths.home} className="mt-6">
        {t('action.home')}
      </LinkButton>
    </div>
  );
}

/** A query that failed, as a page. */
export function Failure({ error, onRetry, retrying }: { error: unknown; onRetry: () => void; retrying: boolean }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  if (error instanceof ApiError && error.status === 403) return <Forbidden {...(error.neededRole ? { needed: error.neededRole } : {})} />;
  return (
    <ErrorState title={t('error.couldNotLoad')} onRetry={onRetry} retrying={retrying}>
      {errorText.whole(error)}
      {error instanceof ApiError && error.requestId ? <span className="mt-2 block font-mono text-xs">{error.requestId}</span> : null}
    </ErrorState>
  );
}

/** Waits with a skeleton, explains a failure, or shows the data. */
export function View<T>({ query, skeleton, children }: { query: UseQueryResult<T>; skeleton?: ReactNode; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} retrying={query.isFetching} />;
  return <Loading>{skeleton}</Loading>;
}

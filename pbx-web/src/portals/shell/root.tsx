import { QueryClientProvider } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Outlet, useRouteError } from 'react-router';
import { queryClient } from '@/api/client';
import { NotFound } from '@/features/shared/view';
import { useTitle } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { EmptyState } from '@/ui/states';

export const Root = () => (
  <QueryClientProvider client={queryClient}>
    <Outlet />
  </QueryClientProvider>
);

export function Nowhere() {
  const { t } = useTranslation();
  useTitle(t('notFound.title'));
  return (
    <main>
      <NotFound />
    </main>
  );
}

/** A fault of ours, or a part of the portal that a newer version has replaced: loading again cures both. */
export function Crash() {
  const { t } = useTranslation();
  const error = useRouteError();
  useTitle(t('crash.title'));
  console.error(error);
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <EmptyState
        icon={TriangleAlert}
        title={t('crash.title')}
        action={
          <Button variant="primary" onClick={() => location.reload()}>
            {t('crash.reload')}
          </Button>
        }
      >
        {t('crash.text')}
      </EmptyState>
    </main>
  );
}

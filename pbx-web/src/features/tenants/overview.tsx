import { useQuery } from '@tanstack/react-query';
import { Building2, Phone, PhoneCall, Users, Wifi } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import { Figures, REFRESH } from '@/features/shared/figures';
import { CallsChart, OverviewView } from '@/features/shared/overview';
import { usePlace } from '@/features/shared/place';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { LinkButton } from '@/ui/button';
import { Plus } from 'lucide-react';

export function PlatformOverview() {
  const { t } = useTranslation();
  useTitle(t('nav.overview'));
  const query = useQuery({ ...get('/api/v1/platform/overview'), refetchInterval: REFRESH });
  return (
    <>
      <PageHeader title={t('nav.overview')}>{t('overview.platform')}</PageHeader>
      <OverviewView query={query}>
        {(overview) => (
          <>
            <Figures
              figures={[
                { label: t('nav.tenants'), value: overview.counts.tenants, icon: Building2, to: paths.platform.tenants },
                { label: t('nav.customers'), value: overview.counts.customers, icon: Users },
                { label: t('overview.phonesOnline'), value: overview.counts.phones_online, icon: Wifi },
                { label: t('overview.liveCalls'), value: overview.counts.live_calls, icon: PhoneCall },
              ]}
            />
            <CallsChart overview={overview} />
          </>
        )}
      </OverviewView>
    </>
  );
}

export function TenantOverview() {
  const { t } = useTranslation();
  useTitle(t('nav.overview'));
  const { tenant } = usePlace();
  const here = paths.tenant(tenant);
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/overview', { params: { path: { tenant } } }), refetchInterval: REFRESH });
  return (
    <>
      <PageHeader title={t('nav.overview')}>{t('overview.tenant')}</PageHeader>
      <OverviewView query={query}>
        {(overview) => (
          <>
            <Figures
              figures={[
                { label: t('nav.customers'), value: overview.counts.customers, icon: Building2, to: here.customers },
                { label: t('nav.extensions'), value: overview.counts.extensions, icon: Phone },
                { label: t('overview.phonesOnline'), value: overview.counts.phones_online, icon: Wifi },
                { label: t('overview.liveCalls'), value: overview.counts.live_calls, icon: PhoneCall },
              ]}
            />
            {overview.counts.customers === 0 ? (
              <div className="rounded-xl border border-line bg-surface shadow-card">
                <EmptyState
                  icon={Building2}
                  title={t('customers.emptyTitle')}
                  action={
                    <LinkButton variant="primary" icon={Plus} to={here.newCustomer}>
                      {t('customers.new')}
                    </LinkButton>
                  }
                >
                  {t('customers.emptyText')}
                </EmptyState>
              </div>
            ) : (
              <CallsChart overview={overview} />
            )}
          </>
        )}
      </OverviewView>
    </>
  );
}

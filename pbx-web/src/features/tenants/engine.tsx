import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Tenant, TenantEngine } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { stale } from '@/features/shared/stale';
import { useFormat } from '@/lib/format';
import { Button } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { Card, Facts } from '@/ui/page';
import { Notice } from '@/ui/states';

type Choice = TenantEngine['choices'][number];

/** What carries a partner's calls. Nothing where one engine carries everybody's. */
export function EngineCard({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Choice | null>(null);
  const path = { tenant: tenant.id };
  const { data } = useQuery({ ...get('/api/v1/tenants/{tenant}/engine', { params: { path } }), enabled: Boolean(tenant.engine) });
  const choose = useAction({
    stale: stale.tenants,
    success: t('nodes.engine.changed'),
    run: (engine: Choice['engine']) => unwrap(api.PUT('/api/v1/tenants/{tenant}/engine', { params: { path }, body: { engine } })),
  });
  const now = data?.choices.find((choice) => choice.engine === data.engine);
  const other = data?.choices.find((choice) => choice.engine !== data.engine);
  if (!data || !now || !other) return null;
  return (
    <Card
      title={t('nodes.engine.title')}
      description={t('nodes.engine.text')}
      actions={
        <Button size="sm" onClick={() => setAsking(other)}>
          {t('nodes.engine.change')}
        </Button>
      }
    >
      <Facts
        items={[
          { label: t('nodes.engine.carries'), value: t(`nodes.engine.of.${now.engine}`) },
          { label: t('nodes.engine.address'), value: t('nodes.engine.place', { server: now.server, port: String(now.port) }) },
        ]}
      />
      {!now.works && (
        <div className="mt-4">
          <Notice kind="warn">{t('nodes.engine.noNode')}</Notice>
        </div>
      )}
      {asking && (
        <ConfirmDialog title={t(`nodes.engine.ask.${asking.engine}`, { name: tenant.name })} action={t('nodes.engine.change')} onClose={() => setAsking(null)} onConfirm={() => choose.mutateAsync(asking.engine)}>
          <What engine={data} to={asking} />
        </ConfirmDialog>
      )}
    </Card>
  );
}

/** What happens to calls, phones and lines. */
function What({ engine, to }: { engine: TenantEngine; to: Choice }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="flex flex-col gap-3">
      <Facts
        items={[
          { label: t('overview.phonesOnline'), value: format.number(engine.phones_online) },
          { label: t('overview.liveCalls'), value: format.number(engine.live_calls) },
        ]}
      />
      <p>{t('nodes.engine.phones', { server: to.server, port: String(to.port) })}</p>
      <p>{t('nodes.engine.calls')}</p>
      {!to.works && <Notice kind="warn">{t('nodes.engine.noNode')}</Notice>}
    </div>
  );
}

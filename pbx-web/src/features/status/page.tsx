import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { get } from '@/api/client';
import { REFRESH } from '@/features/shared/figures';
import { View } from '@/features/shared/view';
import { useFormat } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { Status, type Tone } from '@/ui/badge';
import { Card, Facts, PageHeader } from '@/ui/page';
import { Time } from '@/ui/time';

export function StatusPage() {
  const { t } = useTranslation();
  useTitle(t('system.title'));
  const format = useFormat();
  const query = useQuery({ ...get('/api/v1/platform/status'), refetchInterval: REFRESH });
  return (
    <>
      <PageHeader title={t('system.title')}>{t('system.text')}</PageHeader>
      <View query={query}>
        {(status) => (
          <div className="grid gap-4 md:grid-cols-2">
            <Part title={t('system.engine')} tone={status.engine.address ? 'good' : 'bad'} word={status.engine.address ? t('system.running') : t('system.stopped')}>
              <Facts
                items={[
                  ...(status.engine.kind ? [{ label: t('nodes.engine.carries'), value: t(`nodes.engine.kinds.${status.engine.kind}`) }] : []),
                  { label: t('system.address'), value: status.engine.address ?? '–' },
                  ...(status.engine.nodes ? [{ label: t('nodes.title'), value: t('system.nodesUp', { up: format.number(status.engine.nodes.up), total: format.number(status.engine.nodes.total) }) }] : []),
                  { label: t('nav.pbxs'), value: format.number(status.engine.pbxs) },
                  { label: t('overview.phonesOnline'), value: format.number(status.engine.registrations) },
                  { label: t('overview.liveCalls'), value: format.number(status.engine.calls) },
                ]}
              />
            </Part>
            <Part title={t('system.database')} tone={status.database.reachable ? 'good' : 'bad'} word={status.database.reachable ? t('system.reachable') : t('system.unreachable')}>
              <Facts items={[{ label: t('system.roundTrip'), value: typeof status.database.round_trip_ms === 'number' ? t('system.milliseconds', { value: format.number(status.database.round_trip_ms, 1) }) : '–' }]} />
            </Part>
            <Part title={t('system.records')} tone={status.spool.dead_letters > 0 ? 'bad' : status.spool.waiting > 0 ? 'warn' : 'good'} word={status.spool.dead_letters > 0 ? t('system.stuck') : status.spool.waiting > 0 ? t('system.catchingUp') : t('system.upToDate')}>
              <Facts
                items={[
                  { label: t('system.waiting'), value: format.number(status.spool.waiting) },
                  { label: t('system.dead'), value: format.number(status.spool.dead_letters) },
                ]}
              />
            </Part>
            <Part title={t('system.version')} tone="good" word={status.version}>
              <Facts items={[{ label: t('system.started'), value: <Time at={status.started_at} /> }]} />
            </Part>
          </div>
        )}
      </View>
    </>
  );
}

function Part({ title, tone, word, children }: { title: string; tone: Tone; word: string; children: ReactNode }) {
  return (
    <Card title={title} actions={<Status tone={tone}>{word}</Status>}>
      {children}
    </Card>
  );
}

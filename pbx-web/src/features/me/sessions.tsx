import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { AppWindow, Laptop, LogIn, LogOut, Smartphone } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { LoginAttempt, SignedInDevice } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { List, useList } from '@/features/shared/list';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { agentOf, type Agent } from '@/lib/agent';
import { Badge, Status, type Tone } from '@/ui/badge';
import { Button } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { Card } from '@/ui/page';
import { EmptyState, Skeleton } from '@/ui/states';
import { Time } from '@/ui/time';
import { Tooltip } from '@/ui/tooltip';

const icons: Record<Agent['kind'], typeof Laptop> = { computer: Laptop, mobile: Smartphone, program: AppWindow };

/** "Chrome on Windows", as far as it tells. */
function useAgentName(): (text: string | null | undefined) => string {
  const { t } = useTranslation();
  return (text) => {
    const { browser, system } = agentOf(text);
    if (browser && system) return t('me.sessions.on', { browser, system });
    return browser ?? system ?? t('me.sessions.unknown');
  };
}

/** Where the person is signed in, and the way to end it there. */
export function SessionsCard() {
  const { t } = useTranslation();
  const nameOf = useAgentName();
  const [asking, setAsking] = useState<SignedInDevice | 'all' | null>(null);
  const query = useQuery(get('/api/v1/me/sessions'));
  const end = useAction({ stale: stale.me, success: t('me.sessions.ended'), run: (id: string) => unwrap(api.DELETE('/api/v1/me/sessions/{session}', { params: { path: { session: id } } })) });
  const endAll = useAction({ stale: stale.me, success: t('me.sessions.endedAll'), run: () => unwrap(api.DELETE('/api/v1/me/sessions')) });
  const others = (query.data ?? []).filter((session) => !session.current);
  return (
    <Card
      title={t('me.sessions.title')}
      description={t('me.sessions.text')}
      flush
      actions={
        others.length > 0 && (
          <Button size="sm" icon={LogOut} onClick={() => setAsking('all')}>
            {t('me.sessions.endAll')}
          </Button>
        )
      }
    >
      <View query={query} skeleton={<Skeleton className="mx-5 mb-5 h-14" />}>
        {(sessions) => (
          <ul aria-label={t('me.sessions.title')} className="divide-y divide-line border-t border-line">
            {[...sessions].sort((a, b) => Number(b.current) - Number(a.current)).map((session) => {
              const Icon = icons[agentOf(session.user_agent).kind];
              return (
                <li key={session.id} className="flex items-center gap-3.5 px-5 py-3">
                  <Icon aria-hidden className="size-5 shrink-0 text-mute" />
                  <div className="min-w-0 flex-1">
                    <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm font-medium">
                      {nameOf(session.user_agent)}
                      {session.current && <Badge tone="good">{t('me.sessions.here')}</Badge>}
                    </p>
                    <p className="mt-0.5 flex flex-wrap gap-x-2 text-xs text-mute">
                      {session.address && <span className="tabular">{session.address}</span>}
                      <span>
                        {t('me.sessions.lastUsed')} <Time at={session.last_used_at} />
                      </span>
                    </p>
                  </div>
                  {!session.current && (
                    <Button size="sm" aria-label={t('me.sessions.endNamed', { name: nameOf(session.user_agent) })} onClick={() => setAsking(session)}>
                      {t('me.sessions.end')}
                    </Button>
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </View>
      {others.length === 0 && query.data && <p className="border-t border-line px-5 py-3 text-sm text-mute">{t('me.sessions.alone')}</p>}
      {asking && (
        <ConfirmDialog
          title={asking === 'all' ? t('me.sessions.endAllTitle') : t('me.sessions.endTitle', { name: nameOf(asking.user_agent) })}
          action={asking === 'all' ? t('me.sessions.endAll') : t('me.sessions.end')}
          onClose={() => setAsking(null)}
          onConfirm={() => (asking === 'all' ? endAll.mutateAsync(undefined) : end.mutateAsync(asking.id))}
        >
          {asking === 'all' ? t('me.sessions.endAllText', { count: others.length }) : t('me.sessions.endText')}
        </ConfirmDialog>
      )}
    </Card>
  );
}

const outcomes: Record<LoginAttempt['outcome'], Tone> = { ok: 'good', wrong_password: 'bad', wrong_code: 'bad', suspended: 'warn' };

/** Each try to sign in as this person, the newest first. */
export function LoginsCard() {
  const { t } = useTranslation();
  const nameOf = useAgentName();
  const list = useList(['at'], '-at');
  const query = useQuery({ ...get('/api/v1/me/logins', { params: { query: list.query } }), placeholderData: keepPreviousData });
  return (
    <section>
      <h2 className="text-base font-semibold">{t('me.logins.title')}</h2>
      <p className="mt-0.5 mb-3 text-sm text-mute">{t('me.logins.text')}</p>
      <List<LoginAttempt>
        list={list}
        query={query}
        label={t('me.logins.title')}
        rowKey={(login) => login.id}
        columns={[
          { key: 'outcome', header: t('me.logins.what'), cell: (login) => <Status tone={outcomes[login.outcome]}>{t(`me.logins.${login.outcome}`)}</Status> },
          {
            key: 'agent',
            header: t('me.logins.device'),
            cell: (login) =>
              login.user_agent ? (
                <Tooltip text={login.user_agent}>
                  <span>{nameOf(login.user_agent)}</span>
                </Tooltip>
              ) : (
                nameOf(null)
              ),
          },
          { key: 'address', header: t('me.logins.address'), cell: (login) => <span className="tabular">{login.address ?? '–'}</span> },
          { key: 'at', header: t('me.logins.when'), align: 'right', cell: (login) => <Time at={login.at} /> },
        ]}
        empty={
          <EmptyState icon={LogIn} title={t('me.logins.emptyTitle')}>
            {t('me.logins.emptyText')}
          </EmptyState>
        }
      />
    </section>
  );
}

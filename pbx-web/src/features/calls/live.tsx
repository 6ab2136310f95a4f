import { useQuery } from '@tanstack/react-query';
import { ArrowRight, ChevronDown, CircleParking, Ear, PhoneCall, PhoneForwarded, PhoneOff, VolumeX } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, below, get } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { LiveCall } from '@/api/types';
import { useStanding } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { usePlace } from '@/features/shared/place';
import { View } from '@/features/shared/view';
import { duration } from '@/lib/format';
import { useNow, useTitle } from '@/lib/hooks';
import { Badge, type Tone } from '@/ui/badge';
import { Button } from '@/ui/button';
import { ConfirmDialog } from '@/ui/dialog';
import { Menu, MenuItem, MenuSeparator } from '@/ui/menu';
import { PageHeader } from '@/ui/page';
import { EmptyState, Skeleton } from '@/ui/states';
import { FeedStatus, useFallback } from './feed';
import { ListenDialog, ParkDialog, parkable, TransferDialog } from './live-asks';
import { Party, Story } from './parts';

export function LivePage() {
  const { t } = useTranslation();
  useTitle(t('live.title'));
  const { tenant, customer, pbx } = usePlace();
  const { may } = useStanding({ tenant, customer });
  const [asked, setAsked] = useState<{ what: Ask; call: LiveCall } | null>(null);
  const close = () => setAsked(null);
  const query = useQuery({ ...get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live', { params: { path: { tenant, customer, pbx } } }), refetchInterval: useFallback(), staleTime: 0 });
  const hangUp = useAction({
    success: t('live.ended'),
    stale: below('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live'),
    run: (call: string) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/hangup', { params: { path: { tenant, customer, pbx, call } } })),
  });
  return (
    <>
      <PageHeader title={t('live.title')} actions={<FeedStatus />}>
        {t('live.text')}
      </PageHeader>
      <View query={query} skeleton={<Skeleton className="h-40 rounded-xl" />}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="rounded-xl border border-line bg-surface shadow-card">
              <EmptyState icon={PhoneCall} title={t('live.emptyTitle')}>
                {t('live.emptyText')}
              </EmptyState>
            </div>
          ) : (
            <ul aria-label={t('live.title')} className="grid gap-4 lg:grid-cols-2">
              {items.map((call) => (
                <LiveCard key={call.id} call={call} denied={may('customer_admin') ? (call.state === 'emergency' ? t('live.emergencyReason') : undefined) : t('forbidden.needsAdmin')} onAsk={(what) => setAsked({ what, call })} />
              ))}
            </ul>
          )
        }
      </View>
      {asked?.what === 'transfer' && <TransferDialog call={asked.call} onClose={close} />}
      {asked?.what === 'park' && <ParkDialog call={asked.call} onClose={close} />}
      {asked?.what === 'listen' && <ListenDialog call={asked.call} onClose={close} />}
      {asked?.what === 'hangUp' && (
        <ConfirmDialog title={t('live.hangUpTitle')} action={t('live.hangUp')} onClose={close} onConfirm={() => hangUp.mutateAsync(asked.call.id)}>
          {t('live.hangUpText', { from: asked.call.from.name ?? asked.call.from.number, to: asked.call.to.name ?? asked.call.to.number })}
        </ConfirmDialog>
      )}
    </>
  );
}

type Ask = 'transfer' | 'park' | 'listen' | 'hangUp';

/** Where somebody can be sent on: where people talk, and where a caller hears only us. */
const MOVABLE: LiveCall['state'][] = ['connected', 'menu', 'waiting', 'parked'];

const TONES: Partial<Record<LiveCall['state'], Tone>> = { ringing: 'warn', parked: 'accent', emergency: 'bad' };

function LiveCard({ call, denied, onAsk }: { call: LiveCall; denied: string | undefined; onAsk: (what: Ask) => void }) {
  const { t } = useTranslation();
  const own = call.from.extension !== null || call.to.extension !== null;
  const movable = MOVABLE.includes(call.state);
  const audible = call.state === 'connected' && own;
  const now = useNow(1000);
  const since = call.answered_at ?? call.started_at;
  return (
    <li className="flex animate-appear flex-col rounded-xl border border-line bg-surface shadow-card" data-call={call.id} data-state={call.state}>
      <div className="flex items-center justify-between gap-3 border-b border-line px-4 py-3">
        <Badge tone={TONES[call.state] ?? 'good'}>{t(`live.state.${call.state}`)}</Badge>
        <span className="tabular text-lg font-semibold" role="timer" aria-label={t('live.duration')}>
          {duration((now - new Date(since).getTime()) / 1000)}
        </span>
      </div>
      <div className="flex flex-1 flex-col gap-4 px-4 py-4">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-base font-medium">
          <Party party={call.parked?.who ?? call.from} />
          {!call.parked && (
            <>
              <ArrowRight aria-label={t('live.calls')} className="size-4 shrink-0 text-mute" />
              <Party party={call.to} />
            </>
          )}
        </p>
        {call.parked && <Parked parked={call.parked} now={now} />}
        <Unheard party={call.from} />
        {!call.parked && <Unheard party={call.to} />}
        <Story steps={call.trace} live />
      </div>
      <div className="flex justify-end border-t border-line px-4 py-2.5">
        {denied ? (
          <Button size="sm" disabledReason={denied}>
            {t('live.actions')}
          </Button>
        ) : (
          <Menu
            trigger={
              <Button size="sm" aria-label={t('live.actionsOf', { from: call.from.name ?? call.from.number, to: call.to.name ?? call.to.number })}>
                {t('live.actions')}
                <ChevronDown aria-hidden className="size-3.5 text-mute" />
              </Button>
            }
          >
            <MenuItem icon={PhoneForwarded} disabled={!movable} onSelect={() => onAsk('transfer')}>
              {t('live.transfer')}
            </MenuItem>
            <MenuItem icon={CircleParking} disabled={parkable(call).length === 0} onSelect={() => onAsk('park')}>
              {t('live.park')}
            </MenuItem>
            <MenuItem icon={Ear} disabled={!audible} onSelect={() => onAsk('listen')}>
              {t('live.listen')}
            </MenuItem>
            <MenuSeparator />
            <MenuItem icon={PhoneOff} danger onSelect={() => onAsk('hangUp')}>
              {t('live.hangUp')}
            </MenuItem>
          </Menu>
        )}
      </div>
    </li>
  );
}

/** Where somebody waits, and what takes the call from there. */
function Parked({ parked, now }: { parked: NonNullable<LiveCall['parked']>; now: number }) {
  const { t } = useTranslation();
  return (
    <div className="flex items-center gap-4 rounded-lg bg-accent-soft px-3.5 py-3 text-accent-text" data-slot={parked.slot}>
      <CircleParking aria-hidden className="size-5 shrink-0" />
      <span className="tabular text-xl font-semibold">{parked.slot}</span>
      <p className="min-w-0 flex-1 text-sm">
        <span className="font-medium">{t('live.parkedDial', { slot: parked.slot })}</span>
        <br />
        {t('live.parkedBy', { by: parked.by.name ?? parked.by.number, time: duration((now - new Date(parked.since).getTime()) / 1000) })}
      </p>
    </div>
  );
}

/** A side of which nothing is heard, and why. */
function Unheard({ party }: { party: LiveCall['from'] }) {
  const { t } = useTranslation();
  const { sound } = party;
  if (sound?.state !== 'trouble') return null;
  return (
    <p role="status" className="flex items-start gap-2.5 rounded-lg bg-warn-soft px-3 py-2.5 text-sm text-warn">
      <VolumeX aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span>
        <span className="font-medium">{t('live.unheard', { who: party.name ?? party.number })}</span> {t(`live.cause.${sound.cause}`)}
      </span>
    </p>
  );
}

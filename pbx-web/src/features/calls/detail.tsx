import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { get } from '@/api/client';
import type { CallDetail, LegMedia } from '@/api/types';
import { usePlace } from '@/features/shared/place';
import { View } from '@/features/shared/view';
import { duration, useFormat } from '@/lib/format';
import { paths } from '@/lib/paths';
import { Badge, type Tone } from '@/ui/badge';
import { Sheet } from '@/ui/dialog';
import { Facts } from '@/ui/page';
import { OutcomeWord, Party, Story } from './parts';

export function CallSheet() {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const { call = '' } = useParams();
  const navigate = useNavigate();
  const { search } = useLocation();
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/calls/{call}', { params: { path: { tenant, customer, pbx, call } } }));
  return (
    <Sheet title={t('calls.one')} onClose={() => void navigate({ pathname: paths.customer(tenant, customer).pbx(pbx).calls, search })}>
      <View query={query}>{(found) => <Detail call={found} />}</View>
    </Sheet>
  );
}

function Detail({ call }: { call: CallDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="flex flex-col gap-7">
      <Facts
        items={[
          { label: t('calls.caller'), value: <Party party={call.from} /> },
          { label: t('calls.callee'), value: <Party party={call.to} /> },
          { label: t('calls.outcome'), value: <OutcomeWord outcome={call.outcome} talked={Boolean(call.answered_at)} /> },
          { label: t('calls.started'), value: format.exact(call.started_at) },
          ...(call.answered_at ? [{ label: t('calls.answered'), value: format.clock(call.answered_at) }] : []),
          { label: t('calls.endedAt'), value: format.clock(call.ended_at) },
          { label: t('calls.talked'), value: call.answered_at ? duration(call.talk_seconds) : '–' },
          { label: t('calls.hungUpBy'), value: t(`hungUpBy.${call.hung_up_by}`) },
        ]}
      />
      <section>
        <h3 className="mb-4 text-base font-semibold">{t('calls.why')}</h3>
        <Story steps={call.trace} />
        <p className="mt-4 text-xs text-mute">{t('calls.version', { version: call.snapshot_version })}</p>
      </section>
      {(call.media?.caller ?? call.media?.callee) && (
        <section>
          <h3 className="mb-3 text-base font-semibold">{t('sound.title')}</h3>
          <div className="grid gap-3 sm:grid-cols-2">
            <Sound title={t('sound.caller')} leg={call.media.caller} />
            <Sound title={t('sound.callee')} leg={call.media.callee} />
          </div>
          {call.codec && <p className="mt-2 text-xs text-mute">{t('sound.codec', { codec: call.codec })}</p>}
        </section>
      )}
    </div>
  );
}

/** Sound in a word, then the figures: under 1 % lost and 20 ms jitter nobody hears anything. */
function Sound({ title, leg }: { title: string; leg: LegMedia | null | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const loss = leg && leg.packets + leg.lost > 0 ? (100 * leg.lost) / (leg.packets + leg.lost) : 0;
  const grade = !leg || leg.packets === 0 ? 'silent' : loss > 5 || leg.jitter_ms > 60 ? 'bad' : loss > 1 || leg.jitter_ms > 20 ? 'fair' : 'good';
  const tones: Record<typeof grade, Tone> = { silent: 'bad', bad: 'bad', fair: 'warn', good: 'good' };
  return (
    <div className="rounded-lg border border-line p-3.5">
      <div className="flex items-center justify-between gap-2 text-sm font-medium">
        {title}
        <Badge tone={tones[grade]}>{t(`sound.${grade}`)}</Badge>
      </div>
      {leg && leg.packets > 0 && <p className="tabular mt-2 text-xs text-mute">{t('sound.figures', { lost: format.number(loss, 1), jitter: format.number(leg.jitter_ms, 0) })}</p>}
    </div>
  );
}

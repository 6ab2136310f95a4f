import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Phone, PhoneForwarded, Search, UsersRound } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Colleague } from '@/api/types';
import { View } from '@/features/shared/view';
import { cx } from '@/lib/cx';
import { Input } from '@/ui/field';
import { Skeleton } from '@/ui/states';
import { Nothing, PresenceFace, Tool } from './parts';
import { callsSoon, tell } from './phone';
import { colleagues } from './remote';

/** Milliseconds of rest before the server is asked. */
const REST = 120;

function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

/** Colleagues that fit what is typed. */
export function useColleagues(typed: string, limit?: number) {
  return useQuery({ ...colleagues(useRested(typed.trim()), limit), placeholderData: keepPreviousData });
}

export function ColleagueRow({ colleague, children, onPick, picked = false }: { colleague: Colleague; children?: React.ReactNode; onPick?: () => void; picked?: boolean }) {
  const { t } = useTranslation();
  const { extension, state } = colleague;
  const face = (
    <>
      <PresenceFace colleague={colleague} />
      <span className="min-w-0 flex-1 text-left">
        <span className="block truncate text-sm font-medium">{extension.name}</span>
        <span className="block truncate text-xs text-mute">
          <span className="tabular">{extension.number}</span> · {t(`phone.state.${state ?? 'unknown'}`)}
        </span>
      </span>
    </>
  );
  return (
    <li className={cx('flex items-center gap-1 rounded-xl pr-1', picked ? 'bg-accent-soft' : 'hover:bg-hover/70')}>
      {onPick ? (
        <button type="button" aria-pressed={picked} onClick={onPick} className="flex min-h-14 min-w-0 flex-1 items-center gap-3 rounded-xl px-2">
          {face}
        </button>
      ) : (
        <span className="flex min-h-14 min-w-0 flex-1 items-center gap-3 px-2">{face}</span>
      )}
      {children}
    </li>
  );
}

/** Everybody in the same PBX, with what they are doing. */
export function ColleaguesPart() {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const query = useColleagues(typed);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="relative px-3 pb-2">
        <Search aria-hidden className="pointer-events-none absolute top-3.5 left-6 size-4 text-mute" />
        <Input type="search" aria-label={t('phone.colleagues.search')} placeholder={t('phone.colleagues.search')} value={typed} onChange={(event) => setTyped(event.target.value)} className="h-11 pl-9" autoComplete="off" />
      </div>
      {/* Scrolled with the keyboard as well. */}
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        <View query={query} skeleton={<Rows />}>
          {({ items }) =>
            items.length === 0 ? (
              <Nothing icon={UsersRound} title={typed ? t('phone.pad.nobody') : t('phone.colleagues.none')}>
                {typed ? undefined : t('phone.colleagues.noneText')}
              </Nothing>
            ) : (
              <ul aria-label={t('phone.colleagues.label')}>
                {items.map((colleague) => (
                  <ColleagueRow key={colleague.extension.id} colleague={colleague}>
                    <Tool {...callsSoon} icon={Phone} label={t('phone.pad.callWho', { who: colleague.extension.name })} onClick={() => tell({ do: 'dial', number: colleague.extension.number, name: colleague.extension.name })} />
                  </ColleagueRow>
                ))}
              </ul>
            )
          }
        </View>
      </div>
    </div>
  );
}

export const Rows = () => (
  <div className="flex flex-col gap-3 px-2 pt-2">
    {[0, 1, 2, 3].map((row) => (
      <Skeleton key={row} className="h-10 w-full" />
    ))}
  </div>
);

export const PassIcon = PhoneForwarded;

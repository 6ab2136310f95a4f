import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { below, queryClient } from '@/api/client';
import { follow } from '@/api/events';
import { Status } from '@/ui/badge';

type State = 'connecting' | 'live' | 'lost';
const Feed = createContext<State>('connecting');
export const useFeed = (): State => useContext(Feed);

const PBX = '/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}';
/** Many changes at once are one question to the server (milliseconds). */
const GATHER = 250;
/** An ended call goes over the disk into the list; it is there at the latest after this (milliseconds). */
const FILED = 1200;

/** Follows what happens at a company, and lets what it touches be asked for again. */
export function LiveFeed({ tenant, customer, children }: { tenant: string; customer: string; children: ReactNode }) {
  const [state, setState] = useState<State>('connecting');
  useEffect(() => {
    const end = new AbortController();
    const touched = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let filed: ReturnType<typeof setTimeout> | undefined;
    const touch = (...what: string[]) => {
      what.forEach((path) => touched.add(path));
      timer ??= setTimeout(() => {
        timer = undefined;
        const paths = [...touched] as Parameters<typeof below>;
        touched.clear();
        void queryClient.invalidateQueries(below(...paths));
      }, GATHER);
    };
    const everything = () =>
      touch(`${PBX}/live`, `${PBX}/calls`, `${PBX}/registrations`, `${PBX}/extensions`, `${PBX}/queues`, `${PBX}/messages`, `${PBX}/recordings`, `${PBX}/callbacks`, '/api/v1/tenants/{tenant}/customers/{customer}/overview');
    void follow(`/api/v1/tenants/${tenant}/customers/${customer}/events`, end.signal, {
      onOpen: () => {
        setState('live');
        everything();
      },
      onLost: () => setState('lost'),
      onEvent: ({ event, data }) => {
        if (event === 'call') {
          touch(`${PBX}/live`);
          if (/"state"\s*:\s*"ended"/.test(data)) {
            const list = () => touch(`${PBX}/calls`, '/api/v1/tenants/{tenant}/customers/{customer}/overview');
            list();
            clearTimeout(filed);
            filed = setTimeout(list, FILED);
          }
        } else if (event === 'registration') touch(`${PBX}/registrations`, `${PBX}/extensions`, `${PBX}/queues`);
        else if (event === 'queue') touch(`${PBX}/queues`);
        else if (event === 'message') touch(`${PBX}/messages`);
        else if (event === 'recording') touch(`${PBX}/recordings`);
        else if (event === 'callback') touch(`${PBX}/callbacks`);
        else if (event === 'resync') everything();
      },
    });
    return () => {
      end.abort();
      clearTimeout(timer);
      clearTimeout(filed);
    };
  }, [tenant, customer]);
  return <Feed value={state}>{children}</Feed>;
}

/** While the stream is broken, lists ask by themselves (milliseconds). */
export const useFallback = (): number | false => (useFeed() === 'live' ? false : 4000);

export function FeedStatus() {
  const { t } = useTranslation();
  const state = useFeed();
  return (
    <span role="status">
      <Status tone={state === 'live' ? 'good' : state === 'lost' ? 'warn' : 'idle'}>{t(`feed.${state}`)}</Status>
    </span>
  );
}

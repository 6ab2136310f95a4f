import type { UseQueryResult } from '@tanstack/react-query';
import { Search, SearchX, X } from 'lucide-react';
import { useContext, useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { UNSAFE_DataRouterContext as DataRouter, useLocation, useSearchParams } from 'react-router';
import type { Listed } from '@/api/types';
import { useShortcut } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { EmptyState } from '@/ui/states';
import { DataTable, Pagination, TableSkeleton, type Column } from '@/ui/table';
import { Failure } from './view';

export const PAGE_SIZE = 25;

export interface ListState<Sort extends string = string> {
  search: string;
  sort: Sort;
  page: number;
  filter: (name: string) => string;
  /** Anything narrows the list. */
  narrowed: boolean;
  set: (changes: Record<string, string | null>, replace?: boolean) => void;
  clear: () => void;
  /** As the server wants it. */
  query: { search?: string; sort: Sort; limit: number; offset: number };
}

/**
 * A list's search, order, page and filters live in the address, so that every view can be linked to. `keys` is what
 * the server sorts by; an order that nobody has is the usual one.
 */
export function useList<Key extends string>(keys: readonly Key[], usual: Key | `-${Key}`, filters: readonly string[] = []): ListState<Key | `-${Key}`> {
  const [params, setParams] = useSearchParams();
  const search = params.get('search') ?? '';
  const asked = params.get('sort');
  const sort = keys.flatMap((key) => [key, `-${key}` as const]).find((known) => known === asked) ?? usual;
  const page = Math.max(1, Number.parseInt(params.get('page') ?? '1', 10) || 1);
  const set: ListState['set'] = (changes, replace = false) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (!('page' in changes)) next.delete('page');
        for (const [name, value] of Object.entries(changes)) {
          if (value === null || value === '' || (name === 'page' && value === '1') || (name === 'sort' && value === usual)) next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace, preventScrollReset: true },
    );
  return {
    search,
    sort,
    page,
    filter: (name) => params.get(name) ?? '',
    narrowed: search !== '' || filters.some((name) => params.has(name)),
    set,
    clear: () => set(Object.fromEntries(['search', ...filters].map((name) => [name, null]))),
    query: { ...(search ? { search } : {}), sort, limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE },
  };
}

function SearchBox({ list, label }: { list: ListState; label: string }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(list.search);
  const [sent, setSent] = useState(list.search);
  // The address changed from outside, by "back" or "clear": show what it says.
  if (list.search !== sent) {
    setSent(list.search);
    setText(list.search);
  }
  const latest = useRef(list);
  useEffect(() => {
    latest.current = list;
  });
  // A change of the address would call off a page that is on its way. The router is asked at that moment: what
  // `useNavigation` says is drawn later.
  const router = useContext(DataRouter)?.router;
  const { pathname } = useLocation();
  useEffect(() => {
    if (text === sent) return;
    const timer = setTimeout(() => {
      if (router && (router.state.navigation.state !== 'idle' || router.state.location.pathname !== pathname)) return;
      setSent(text.trim());
      latest.current.set({ search: text.trim() }, true);
    }, 250);
    return () => clearTimeout(timer);
  }, [text, sent, router, pathname]);
  useShortcut('/', (event) => {
    event.preventDefault();
    input.current?.focus();
  });
  return (
    <div role="search" className="relative w-full sm:w-auto sm:max-w-xs sm:min-w-48 sm:flex-1">
      <Search aria-hidden className="pointer-events-none absolute top-2.5 left-3 size-4 text-mute" />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        aria-keyshortcuts="/"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            if (text) setText('');
            else input.current?.blur();
          }
        }}
        className="h-9 w-full rounded-lg border border-control/60 bg-surface pr-9 pl-9 text-sm shadow-card placeholder:text-mute hover:border-control pointer-coarse:text-lg [&::-webkit-search-cancel-button]:hidden"
      />
      {text ? (
        <button type="button" aria-label={t('form.clear')} onClick={() => setText('')} className="absolute top-1.5 right-1.5 flex size-6 items-center justify-center rounded text-mute hover:text-text">
          <X aria-hidden className="size-3.5" />
        </button>
      ) : (
        <kbd aria-hidden className="pointer-events-none absolute top-2 right-2 hidden rounded border border-line bg-sunken px-1.5 font-sans text-xs text-mute lg:block">
          /
        </kbd>
      )}
    </div>
  );
}

export function List<T>({ list, query, label, searchLabel, columns, rowKey, rowLink, rowActions, filters, empty }: {
  list: ListState;
  query: UseQueryResult<Listed<T>>;
  label: string;
  searchLabel?: string;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  rowLink?: (row: T) => string | undefined;
  rowActions?: (row: T) => ReactNode;
  filters?: ReactNode;
  /** Nothing is there yet: how to begin. */
  empty: ReactNode;
}) {
  const { t } = useTranslation();
  const data = query.data;
  // A page beyond the end, after deletions: go to the last one there is.
  const last = data ? Math.max(1, Math.ceil(data.total / PAGE_SIZE)) : null;
  const beyond = last !== null && list.page > last && !query.isFetching;
  useEffect(() => {
    if (beyond) list.set({ page: String(last) }, true);
  });
  const bare = data?.total === 0 && !list.narrowed;
  return (
    <section className="rounded-xl border border-line bg-surface shadow-card">
      {(searchLabel || filters) && !bare && (
        <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-3">
          {searchLabel && <SearchBox list={list} label={searchLabel} />}
          {filters && <div className="grid w-full grid-cols-2 gap-2 sm:contents">{filters}</div>}
          {list.narrowed && (
            <Button variant="ghost" icon={X} onClick={list.clear}>
              {t('table.clearFilters')}
            </Button>
          )}
        </div>
      )}
      {data === undefined ? (
        query.isError ? (
          <Failure error={query.error} onRetry={() => void query.refetch()} retrying={query.isFetching} />
        ) : (
          <TableSkeleton />
        )
      ) : data.items.length === 0 ? (
        bare ? (
          empty
        ) : (
          <EmptyState icon={SearchX} title={t('table.nothingFound')} action={<Button onClick={list.clear}>{t('table.clearFilters')}</Button>}>
            {t('table.nothingFoundText')}
          </EmptyState>
        )
      ) : (
        <>
          <DataTable
            label={label}
            columns={columns}
            rows={data.items}
            rowKey={rowKey}
            {...(rowLink ? { rowLink } : {})}
            {...(rowActions ? { actions: rowActions } : {})}
            sorting={{ value: list.sort, onChange: (sort) => list.set({ sort }) }}
            stale={query.isPlaceholderData}
          />
          <Pagination page={list.page} size={PAGE_SIZE} total={data.total} onPage={(page) => list.set({ page: String(page) })} />
        </>
      )}
    </section>
  );
}

import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight, ChevronsUpDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { cx } from '@/lib/cx';
import { usePhone } from '@/lib/hooks';
import { Skeleton } from './states';

export interface Column<T> {
  key: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** The server sorts by this key. */
  sort?: string;
  align?: 'right';
  /** Left out below this width; cards on phones show it anyway. */
  from?: 'md' | 'lg' | 'xl';
  /** Not on cards. */
  tableOnly?: boolean;
  /** The heading is for screen readers only. */
  quiet?: boolean;
}

const froms = { md: 'max-md:hidden', lg: 'max-lg:hidden', xl: 'max-xl:hidden' };

export interface Sorting {
  /** `name`, or `-name` for descending. */
  value: string;
  onChange: (value: string) => void;
}

/** A line above rows that are about to be replaced; they stay as readable as they were. */
const WAITS = 'shadow-[inset_0_2px_0_var(--accent)]';

/** Rows as a table; on phones as cards, the first column as the card's heading. */
export function DataTable<T>({ label, columns, rows, rowKey, rowLink, sorting, stale = false, actions }: {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** Where the first column leads. */
  rowLink?: (row: T) => string | undefined;
  sorting?: Sorting;
  /** Older rows shown while newer ones are asked for. */
  stale?: boolean;
  actions?: (row: T) => ReactNode;
}) {
  const { t } = useTranslation();
  const phone = usePhone();
  const linked = (row: T, content: ReactNode) => {
    const to = rowLink?.(row);
    return to ? (
      <Link to={to} className="font-medium text-text after:absolute after:inset-0 hover:text-accent-text">
        {content}
      </Link>
    ) : (
      content
    );
  };
  const [head, ...rest] = columns;
  if (!head) return null;

  if (phone) {
    return (
      <ul aria-label={label} aria-busy={stale} className={cx('divide-y divide-line', stale && WAITS)}>
        {rows.map((row) => (
          <li key={rowKey(row)} className="relative px-4 py-3.5">
            <div className="flex items-start justify-between gap-3">
              <div className="min-w-0 flex-1 font-medium">{linked(row, head.cell(row))}</div>
              {actions && <div className="relative z-10 -my-1">{actions(row)}</div>}
            </div>
            <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
              {rest
                .filter((column) => !column.tableOnly)
                .map((column) => (
                  <div key={column.key} className="contents">
                    <dt className="text-mute">{column.header}</dt>
                    <dd className="min-w-0 text-right break-words">{column.cell(row)}</dd>
                  </div>
                ))}
            </dl>
          </li>
        ))}
      </ul>
    );
  }

  return (
    <div className="relative overflow-x-auto">
      <table aria-label={label} aria-busy={stale} className={cx('w-full border-collapse text-sm', stale && WAITS)}>
        <thead>
          <tr className="border-b border-line">
            {columns.map((column) => {
              const sorted = column.sort !== undefined && sorting ? (sorting.value === column.sort ? 'ascending' : sorting.value === `-${column.sort}` ? 'descending' : 'none') : undefined;
              return (
                <th key={column.key} scope="col" aria-sort={sorted} className={cx('h-10 px-4 text-xs font-medium whitespace-nowrap text-mute first:pl-5 last:pr-5', column.align === 'right' ? 'text-right' : 'text-left', column.from && froms[column.from])}>
                  {sorting && column.sort ? (
                    <button
                      type="button"
                      className={cx('-mx-1.5 inline-flex items-center gap-1 rounded px-1.5 py-1 hover:text-text', sorted !== 'none' && 'text-text')}
                      onClick={() => sorting.onChange(sorted === 'ascending' ? `-${column.sort ?? ''}` : (column.sort ?? ''))}
                    >
                      {column.header}
                      {sorted === 'ascending' ? <ArrowUp aria-hidden className="size-3.5" /> : sorted === 'descending' ? <ArrowDown aria-hidden className="size-3.5" /> : <ChevronsUpDown aria-hidden className="size-3.5 opacity-50" />}
                    </button>
                  ) : (
                    <span className={column.quiet ? 'sr-only' : ''}>{column.header}</span>
                  )}
                </th>
              );
            })}
            {actions && (
              <th scope="col" className="w-12">
                <span className="sr-only">{t('table.actions')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="relative border-b border-line transition-colors last:border-b-0 hover:bg-hover/70">
              {columns.map((column, index) => (
                <td key={column.key} className={cx('h-12 px-4 py-2 first:pl-5 last:pr-5', column.align === 'right' && 'tabular text-right', column.from && froms[column.from])}>
                  {index === 0 ? linked(row, column.cell(row)) : column.cell(row)}
                </td>
              ))}
              {actions && <td className="relative z-10 w-12 pr-3 text-right whitespace-nowrap">{actions(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function TableSkeleton({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" className="divide-y divide-line">
      <span className="sr-only">{t('state.loading')}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex h-12 items-center gap-6 px-5">
          <Skeleton className="h-3.5 w-1/4" />
          <Skeleton className="h-3.5 w-1/3" />
          <Skeleton className="ml-auto h-3.5 w-16" />
        </div>
      ))}
    </div>
  );
}

export function Pagination({ page, size, total, onPage }: { page: number; size: number; total: number; onPage: (page: number) => void }) {
  const { t } = useTranslation();
  const pages = Math.max(1, Math.ceil(total / size));
  const from = total === 0 ? 0 : (page - 1) * size + 1;
  const step = 'inline-flex size-8 items-center justify-center rounded-md border border-line-strong bg-surface text-soft hover:bg-hover disabled:cursor-not-allowed disabled:opacity-40';
  return (
    <nav aria-label={t('table.pages')} className="flex items-center justify-between gap-4 border-t border-line px-5 py-2.5 text-xs text-mute">
      <span className="tabular" role="status">
        {t('table.range', { from, to: Math.min(total, page * size), total })}
      </span>
      {pages > 1 && (
        <span className="flex items-center gap-2">
          <button type="button" className={step} aria-label={t('table.previous')} disabled={page <= 1} onClick={() => onPage(page - 1)}>
            <ChevronLeft aria-hidden className="size-4" />
          </button>
          <span className="tabular" aria-current="page">
            {t('table.page', { page, pages })}
          </span>
          <button type="button" className={step} aria-label={t('table.next')} disabled={page >= pages} onClick={() => onPage(page + 1)}>
            <ChevronRight aria-hidden className="size-4" />
          </button>
        </span>
      )}
    </nav>
  );
}

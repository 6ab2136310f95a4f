import type { ListState } from '@/features/shared/list';

/** The days of a list's filters `from` and `to`, as the moments that the server compares with. */
export function daysOf(list: ListState): { from?: string; to?: string } {
  const moment = (date: string, plusDays: number): string | undefined => {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
    const day = new Date(`${date}T00:00:00`);
    day.setDate(day.getDate() + plusDays);
    return Number.isNaN(day.getTime()) ? undefined : day.toISOString();
  };
  const from = moment(list.filter('from'), 0);
  const to = moment(list.filter('to'), 1);
  return { ...(from ? { from } : {}), ...(to ? { to } : {}) };
}

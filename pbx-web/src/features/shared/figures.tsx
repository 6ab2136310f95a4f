import type { LucideIcon } from 'lucide-react';
import { Link } from 'react-router';
import { useFormat } from '@/lib/format';

/** Dashboards ask again this often, in milliseconds. */
export const REFRESH = 15_000;

export interface Figure {
  label: string;
  value: number | null | undefined;
  icon: LucideIcon;
  to?: string;
}

export function Figures({ figures }: { figures: Figure[] }) {
  const format = useFormat();
  return (
    // The phone may lie beside the page: what counts is the room that is left.
    <div className="@container mb-6">
      <ul className="grid grid-cols-2 gap-3 @2xl:grid-cols-4">
        {figures.map(({ label, value, icon: Icon, to }) => (
          <li key={label} className="relative rounded-xl border border-line bg-surface p-4 shadow-card transition-colors has-[a]:hover:border-line-strong has-[a]:hover:bg-hover/50">
            <div className="flex items-center justify-between gap-2 text-sm text-mute">
              {to ? (
                <Link to={to} className="after:absolute after:inset-0 after:rounded-xl">
                  {label}
                </Link>
              ) : (
                label
              )}
              <Icon aria-hidden className="size-4 shrink-0" />
            </div>
            <p className="tabular mt-2 text-2xl font-semibold tracking-tight">{value === undefined || value === null ? '–' : format.number(value)}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}

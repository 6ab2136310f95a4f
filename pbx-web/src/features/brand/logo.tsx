import { cx } from '@/lib/cx';

/** Voxera's own mark: a voice. */
export const Mark = ({ className }: { className?: string }) => (
  <svg aria-hidden viewBox="0 0 32 32" className={cx('shrink-0', className)}>
    <rect width="32" height="32" rx="9" className="fill-accent" />
    <g className="fill-on-accent">
      <rect x="7" y="13" width="3" height="6" rx="1.5" />
      <rect x="12" y="9" width="3" height="14" rx="1.5" />
      <rect x="17" y="6" width="3" height="20" rx="1.5" />
      <rect x="22" y="12" width="3" height="8" rx="1.5" />
    </g>
  </svg>
);

/** The partner's logo with its name; the mark where there is none. */
export function BrandLogo({ name, logo, compact = false }: { name: string; logo?: string | null | undefined; compact?: boolean }) {
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      {logo ? <img src={logo} alt="" className={cx('shrink-0 rounded-md object-contain', compact ? 'size-7' : 'h-8 max-w-28')} /> : <Mark className="size-7" />}
      {!compact && <span className="truncate text-base font-semibold tracking-tight">{name}</span>}
    </span>
  );
}

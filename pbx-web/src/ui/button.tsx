import { LoaderCircle, type LucideIcon } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { Link, type LinkProps } from 'react-router';
import { cx } from '@/lib/cx';
import { Tooltip } from './tooltip';

type Variant = 'primary' | 'secondary' | 'ghost' | 'danger' | 'danger-quiet';
type Size = 'sm' | 'md' | 'lg';

const variants: Record<Variant, string> = {
  primary: 'bg-accent text-on-accent shadow-card hover:bg-accent-hover',
  secondary: 'border border-line-strong bg-surface text-text shadow-card hover:bg-hover',
  ghost: 'text-soft hover:bg-hover hover:text-text',
  danger: 'bg-bad text-surface shadow-card hover:bg-bad-hover',
  'danger-quiet': 'border border-line-strong bg-surface text-bad shadow-card hover:bg-bad-soft',
};
const sizes: Record<Size, string> = {
  sm: 'h-7 gap-1.5 rounded-md px-2.5 text-xs',
  md: 'h-9 gap-2 rounded-lg px-3.5 text-sm',
  lg: 'h-11 gap-2 rounded-lg px-4 text-base',
};
const base = 'inline-flex shrink-0 select-none items-center justify-center font-medium whitespace-nowrap transition-colors';

interface Look {
  variant?: Variant;
  size?: Size;
  icon?: LucideIcon;
  /** Why it cannot be used now; it stays reachable so that the reason can be read. */
  disabledReason?: string | false | null | undefined;
  children?: ReactNode;
}

const blocked = 'cursor-not-allowed opacity-50';

export function Button({ variant = 'secondary', size = 'md', icon: Icon, loading = false, disabledReason, children, className, type = 'button', onClick, ...rest }: Look & { loading?: boolean } & ComponentProps<'button'>) {
  const off = Boolean(disabledReason) || loading;
  const button = (
    <button
      {...rest}
      type={type}
      aria-disabled={off || undefined}
      aria-busy={loading || undefined}
      onClick={off ? (event) => event.preventDefault() : onClick}
      className={cx(base, variants[variant], sizes[size], (off || rest.disabled) && blocked, className)}
    >
      {loading ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : Icon && <Icon aria-hidden className={size === 'sm' ? 'size-3.5' : 'size-4'} />}
      {children}
    </button>
  );
  return disabledReason ? <Tooltip text={disabledReason}>{button}</Tooltip> : button;
}

export function LinkButton({ variant = 'secondary', size = 'md', icon: Icon, disabledReason, children, className, ...rest }: Look & LinkProps) {
  if (disabledReason) {
    return (
      <Button variant={variant} size={size} {...(Icon ? { icon: Icon } : {})} disabledReason={disabledReason} className={className}>
        {children}
      </Button>
    );
  }
  return (
    <Link {...rest} className={cx(base, variants[variant], sizes[size], className)}>
      {Icon && <Icon aria-hidden className={size === 'sm' ? 'size-3.5' : 'size-4'} />}
      {children}
    </Link>
  );
}

export function IconButton({ label, icon: Icon, tooltip = true, size = 'md', className, danger = false, disabledReason, ...rest }: { label: string; icon: LucideIcon; tooltip?: boolean; size?: 'sm' | 'md'; danger?: boolean; disabledReason?: string | false | undefined } & ComponentProps<'button'>) {
  const button = (
    <button
      type="button"
      {...rest}
      onClick={disabledReason ? (event) => event.preventDefault() : rest.onClick}
      aria-disabled={disabledReason ? true : undefined}
      aria-label={label}
      className={cx(
        'inline-flex shrink-0 items-center justify-center rounded-md text-mute transition-colors',
        disabledReason ? 'cursor-not-allowed opacity-45' : danger ? 'hover:bg-bad-soft hover:text-bad' : 'hover:bg-hover hover:text-text',
        size === 'sm' ? 'size-7' : 'size-9',
        className,
      )}
    >
      <Icon aria-hidden className="size-4" />
    </button>
  );
  return tooltip || disabledReason ? <Tooltip text={disabledReason || label}>{button}</Tooltip> : button;
}

import { cx } from '@/lib/cx';
import { initials } from '@/lib/text';

const sizes = { sm: 'size-7 text-2xs', lg: 'size-20 text-xl' };

/** A person's picture, or the initials where there is none. The name stands beside it. */
export const Avatar = ({ name, src, size = 'sm' }: { name: string; src?: string | undefined; size?: keyof typeof sizes }) =>
  src ? (
    <img src={src} alt="" className={cx('shrink-0 rounded-full object-cover', sizes[size])} />
  ) : (
    <span aria-hidden className={cx('inline-flex shrink-0 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent-text', sizes[size])}>
      {initials(name) || '?'}
    </span>
  );

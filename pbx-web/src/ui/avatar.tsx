import { initials } from '@/lib/text';

export const Avatar = ({ name }: { name: string }) => (
  <span aria-hidden className="inline-flex size-7 shrink-0 items-center justify-center rounded-full bg-accent-soft text-2xs font-semibold text-accent-text">
    {initials(name) || '?'}
  </span>
);

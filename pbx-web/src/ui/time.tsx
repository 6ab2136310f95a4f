import { useFormat } from '@/lib/format';
import { useNow } from '@/lib/hooks';
import { Tooltip } from './tooltip';

/** A time in words, with the exact one on hover and focus. */
export function Time({ at, zone }: { at: string; zone?: string | undefined }) {
  const format = useFormat();
  const now = useNow(30_000);
  return (
    <Tooltip text={format.exact(at, zone)}>
      <time dateTime={at} title="" className="tabular whitespace-nowrap">
        {format.relative(at, now)}
      </time>
    </Tooltip>
  );
}

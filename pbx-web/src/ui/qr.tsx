import { useMemo } from 'react';
import { encode } from 'uqr';
import { cx } from '@/lib/cx';

/** A text as a QR code, drawn here: a secret goes to no other machine. Always black on white, as cameras expect. */
export function QrCode({ text, label, className }: { text: string; label: string; className?: string }) {
  const { size, path } = useMemo(() => {
    const { size, data } = encode(text, { ecc: 'M', border: 2 });
    // Runs of dark squares of a row as one rectangle each.
    const runs = data.map((row, y) => {
      let drawn = '';
      for (let x = 0; x < row.length; x++) {
        if (!row[x]) continue;
        const start = x;
        while (row[x + 1]) x++;
        drawn += `M${start} ${y}h${x + 1 - start}v1h-${x + 1 - start}z`;
      }
      return drawn;
    });
    return { size, path: runs.join('') };
  }, [text]);
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges" className={cx('rounded-lg border border-line bg-white', className)}>
      <path d={path} className="fill-black" />
    </svg>
  );
}

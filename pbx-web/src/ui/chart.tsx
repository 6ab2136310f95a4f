import { useEffect, useId, useRef, useState } from 'react';
import { cx } from '@/lib/cx';

export interface Bar {
  key: string;
  label: string;
  short: string;
  first: number;
  second: number;
}

/** The next round number: the top of the scale. */
export function niceTop(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

const HEIGHT = 200;
const BOTTOM = 24;
const LEFT = 34;

/** Two-part bars over days. The picture is for eyes; the table below says the same to screen readers. */
export function BarChart({ bars, title, first, second }: { bars: Bar[]; title: string; first: string; second: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  const [active, setActive] = useState<number | null>(null);
  const id = useId();
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(240, entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const top = niceTop(Math.max(0, ...bars.map((bar) => bar.first + bar.second)));
  const plot = HEIGHT - BOTTOM - 8;
  const slot = (width - LEFT) / Math.max(1, bars.length);
  const thick = Math.max(3, Math.min(22, slot * 0.62));
  const every = Math.ceil(bars.length / Math.max(2, Math.floor((width - LEFT) / 64)));
  const y = (value: number) => 8 + plot - (value / top) * plot;
  const shown = active === null ? undefined : bars[active];

  return (
    <figure ref={box} className="m-0">
      <figcaption id={id} className="mb-3 flex min-h-5 flex-wrap items-center gap-x-5 gap-y-1 text-xs text-mute">
        <span className="inline-flex items-center gap-1.5">
          <span aria-hidden className="size-2.5 rounded-sm bg-accent" />
          {first}
          {shown && <strong className="tabular text-text">{shown.first}</strong>}
        </span>
        <span className="inline-flex items-center gap-1.5">
          <span aria-hidden className="size-2.5 rounded-sm bg-warn-dot" />
          {second}
          {shown && <strong className="tabular text-text">{shown.second}</strong>}
        </span>
        {shown && <span className="ml-auto">{shown.label}</span>}
      </figcaption>
      <svg aria-hidden width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} className="block max-w-full" onMouseLeave={() => setActive(null)}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line x1={LEFT} x2={width} y1={y(top * share)} y2={y(top * share)} className="stroke-line" strokeDasharray={share === 0 ? undefined : '3 4'} />
            <text x={LEFT - 8} y={y(top * share) + 4} textAnchor="end" className="tabular fill-mute text-2xs">
              {top * share}
            </text>
          </g>
        ))}
        {bars.map((bar, index) => {
          const x = LEFT + index * slot + (slot - thick) / 2;
          return (
            <g key={bar.key} onMouseEnter={() => setActive(index)}>
              <rect x={LEFT + index * slot} y={0} width={slot} height={HEIGHT - BOTTOM} className={cx(active === index ? 'fill-hover' : 'fill-transparent')} />
              {bar.first > 0 && <rect x={x} y={y(bar.first)} width={thick} height={y(0) - y(bar.first)} rx={2} className="fill-accent" />}
              {bar.second > 0 && <rect x={x} y={y(bar.first + bar.second)} width={thick} height={Math.max(1, y(bar.first) - y(bar.first + bar.second) - (bar.first > 0 ? 1 : 0))} rx={2} className="fill-warn-dot" />}
              {index % every === 0 && (
                <text x={LEFT + index * slot + slot / 2} y={HEIGHT - 6} textAnchor="middle" className="fill-mute text-2xs">
                  {bar.short}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <table className="sr-only" aria-labelledby={id}>
        <caption>{title}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">{first}</th>
            <th scope="col">{second}</th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.key}>
              <th scope="row">{bar.label}</th>
              <td>{bar.first}</td>
              <td>{bar.second}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

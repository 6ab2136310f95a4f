import { cloneElement, createContext, useContext, type ReactElement, type ReactNode } from 'react';

export interface TooltipProps {
  text: ReactNode;
  side?: 'top' | 'right' | 'bottom' | 'left';
  /** Must take a ref and focus. */
  children: ReactElement<{ title?: string }>;
}

/**
 * What draws tooltips: `tooltips.tsx` puts it here, for everything inside. The pages before signing in do without, so
 * that nobody waits for it there; the browser shows their texts itself.
 */
export const DrawTooltip = createContext<((props: TooltipProps) => ReactElement) | null>(null);

/** Shown on hover and on keyboard focus. */
export function Tooltip(props: TooltipProps) {
  const draw = useContext(DrawTooltip);
  if (draw) return draw(props);
  return typeof props.text === 'string' ? cloneElement(props.children, { title: props.text }) : props.children;
}

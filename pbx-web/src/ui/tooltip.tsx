import { cloneElement, createContext, useContext, type ComponentType, type ReactElement, type ReactNode } from 'react';

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
export const TooltipLook = createContext<ComponentType<TooltipProps> | null>(null);

/** Shown on hover and on keyboard focus. */
export function Tooltip(props: TooltipProps) {
  const Look = useContext(TooltipLook);
  if (Look) return <Look {...props} />;
  return typeof props.text === 'string' ? cloneElement(props.children, { title: props.text }) : props.children;
}

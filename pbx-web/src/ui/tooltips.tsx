import * as Radix from '@radix-ui/react-tooltip';
import type { ReactNode } from 'react';
import { DrawTooltip, type TooltipProps } from './tooltip';

/** Gives everything inside it tooltips that can be read by everybody and look like the portal. */
export const Tooltips = ({ children }: { children: ReactNode }) => (
  <Radix.Provider delayDuration={250} skipDelayDuration={100}>
    <DrawTooltip value={draw}>{children}</DrawTooltip>
  </Radix.Provider>
);

const draw = (props: TooltipProps) => <Drawn {...props} />;

function Drawn({ text, side = 'top', children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-w-72 rounded-md bg-text px-2.5 py-1.5 text-xs leading-snug text-surface shadow-pop"
        >
          {text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

import * as Radix from '@radix-ui/react-dropdown-menu';
import { Check, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { cx } from '@/lib/cx';

/** Not modal, so that no scroll lock has to inject a style. */
export function Menu({ trigger, children, align = 'end', side = 'bottom', width = 'w-56' }: { trigger: ReactElement; children: ReactNode; align?: 'start' | 'end'; side?: 'top' | 'bottom' | 'right'; width?: string }) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align={align} side={side} sideOffset={6} collisionPadding={8} className={cx('z-40 max-h-[70vh] animate-appear overflow-y-auto rounded-xl border border-line bg-raised p-1 text-sm shadow-pop', width)}>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const row = 'flex cursor-pointer items-center gap-2.5 rounded-lg px-2.5 py-1.5 outline-none data-[highlighted]:bg-hover data-[disabled]:cursor-not-allowed data-[disabled]:opacity-50';

export function MenuItem({ icon: Icon, children, onSelect, danger = false, disabled = false }: { icon?: LucideIcon; children: ReactNode; onSelect: () => void; danger?: boolean; disabled?: boolean }) {
  return (
    <Radix.Item disabled={disabled} onSelect={onSelect} className={cx(row, danger && 'text-bad')}>
      {Icon && <Icon aria-hidden className={cx('size-4 shrink-0', !danger && 'text-mute')} />}
      <span className="min-w-0 flex-1">{children}</span>
    </Radix.Item>
  );
}

export function MenuChoice<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: { value: T; label: string }[]; onChange: (value: T) => void }) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as T)} aria-label={label}>
      <Radix.Label className="px-2.5 pt-2 pb-1 text-xs font-medium text-mute">{label}</Radix.Label>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={row} onSelect={(event) => event.preventDefault()}>
          <span className="flex-1">{option.label}</span>
          <Radix.ItemIndicator>
            <Check aria-hidden className="size-4 text-accent-text" />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

export const MenuSeparator = () => <Radix.Separator className="my-1 h-px bg-line" />;
export const MenuLabel = ({ children }: { children: ReactNode }) => <Radix.Label className="px-2.5 py-1.5">{children}</Radix.Label>;

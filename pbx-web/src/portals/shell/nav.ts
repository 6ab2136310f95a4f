import type { LucideIcon } from 'lucide-react';

export interface NavItem {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Only the address itself, not what lies below it. */
  end?: boolean;
}

export interface NavGroup {
  key: string;
  /** Above the items; a switch between places of one kind where there are several. */
  label?: string;
  switch?: { label: string; value: string; options: { value: string; label: string; to: string }[] };
  items: NavItem[];
}

/** What one may create here; the palette offers it. */
export interface Creation {
  to: string;
  label: string;
}

export interface Place {
  /** Where one is, in a word or two; the brand is above it. */
  title: string;
  kind: string;
  up?: { to: string; label: string };
  groups: NavGroup[];
  creations: Creation[];
}

import { ArrowLeft, ChevronsUpDown, LogOut, Search, UserRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, NavLink, useNavigate } from 'react-router';
import { signOut } from '@/api/session';
import type { Brand } from '@/api/types';
import { BrandLogo } from '@/features/brand/logo';
import { useAccount } from '@/features/session/hooks';
import { isLanguage, setLanguage } from '@/i18n';
import { cx } from '@/lib/cx';
import { paths } from '@/lib/paths';
import { setTheme, useTheme } from '@/lib/theme';
import { Avatar } from '@/ui/avatar';
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '@/ui/menu';
import type { NavGroup, Place } from './nav';
import { usePlaces } from './places';

/** What stands beside every page: the brand, where one is, where one can go, and who one is. */
export function Sidebar({ brand, place, onPalette, onGo }: { brand: Brand | undefined; place: Place; onPalette: () => void; onGo?: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-16 shrink-0 items-center px-5">
        <Link to={paths.home} onClick={onGo} className="min-w-0 rounded-lg">
          {brand && <BrandLogo name={brand.name} logo={brand.logo_url} />}
        </Link>
      </div>
      <div className="px-3 pb-3">
        <button
          type="button"
          onClick={onPalette}
          aria-keyshortcuts="Control+K Meta+K"
          className="flex h-9 w-full items-center gap-2.5 rounded-lg border border-line bg-surface px-3 text-sm text-mute shadow-card transition-colors hover:border-line-strong hover:text-text"
        >
          <Search aria-hidden className="size-4 shrink-0" />
          <span className="min-w-0 flex-1 truncate text-left">{t('shell.search')}</span>
          <kbd aria-hidden className="hidden rounded border border-line bg-sunken px-1.5 font-sans text-2xs lg:block">
            Ctrl K
          </kbd>
        </button>
      </div>
      <nav aria-label={t('shell.navigation')} className="min-h-0 flex-1 overflow-y-auto px-3 pb-4">
        <div className="mb-4">
          {place.up && (
            <Link to={place.up.to} onClick={onGo} className="mb-1 flex items-center gap-1.5 rounded-md px-2.5 py-1 text-xs text-mute hover:text-text">
              <ArrowLeft aria-hidden className="size-3.5" />
              {place.up.label}
            </Link>
          )}
          <div className="px-2.5 pt-1">
            <p className="text-2xs font-medium tracking-wide text-mute uppercase">{place.kind}</p>
            <p className="truncate text-sm font-semibold">{place.title || ' '}</p>
          </div>
        </div>
        {place.groups.map((group) => (
          <Group key={group.key} group={group} onGo={onGo} />
        ))}
      </nav>
      <div className="shrink-0 border-t border-line p-3">
        <AccountMenu onGo={onGo} />
      </div>
    </div>
  );
}

function Group({ group, onGo }: { group: NavGroup; onGo: (() => void) | undefined }) {
  return (
    <div className="mb-5 last:mb-0">
      {group.switch && group.switch.options.length > 1 ? <PlaceSwitch group={group.switch} onGo={onGo} /> : group.label && <p className="truncate px-2.5 pb-1.5 text-xs font-medium text-mute">{group.label}</p>}
      <ul className="flex flex-col gap-0.5">
        {group.items.map(({ to, label, icon: Icon, end }) => (
          <li key={to}>
            <NavLink
              to={to}
              end={end ?? false}
              onClick={onGo}
              className={({ isActive }) =>
                cx('flex h-9 items-center gap-3 rounded-lg px-2.5 text-sm transition-colors', isActive ? 'bg-accent-soft font-medium text-accent-text' : 'text-soft hover:bg-hover hover:text-text')
              }
            >
              <Icon aria-hidden className="size-4 shrink-0" />
              <span className="truncate">{label}</span>
            </NavLink>
          </li>
        ))}
      </ul>
    </div>
  );
}

function PlaceSwitch({ group, onGo }: { group: NonNullable<NavGroup['switch']>; onGo: (() => void) | undefined }) {
  const navigate = useNavigate();
  const chosen = group.options.find((option) => option.value === group.value);
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" aria-label={`${group.label}: ${chosen?.label ?? ''}`} className="mb-1 flex w-full items-center justify-between gap-2 rounded-lg px-2.5 py-1.5 text-left text-xs font-medium text-mute hover:bg-hover hover:text-text">
          <span className="truncate">{chosen?.label}</span>
          <ChevronsUpDown aria-hidden className="size-3.5 shrink-0" />
        </button>
      }
    >
      {group.options.map((option) => (
        <MenuItem
          key={option.value}
          onSelect={() => {
            onGo?.();
            void navigate(option.to);
          }}
        >
          {option.label}
        </MenuItem>
      ))}
    </Menu>
  );
}

function AccountMenu({ onGo }: { onGo: (() => void) | undefined }) {
  const { t, i18n } = useTranslation();
  const { account } = useAccount();
  const places = usePlaces();
  const theme = useTheme();
  const navigate = useNavigate();
  const name = account?.name ?? account?.email ?? '';
  const go = (to: string) => {
    onGo?.();
    void navigate(to);
  };
  return (
    <Menu
      align="start"
      side="top"
      width="w-60"
      trigger={
        <button type="button" aria-label={`${t('shell.account')}: ${name}`} className="flex w-full items-center gap-3 rounded-lg px-2 py-1.5 text-left transition-colors hover:bg-hover">
          <Avatar name={name} />
          <span className="min-w-0 flex-1">
            <span className="block truncate text-sm font-medium">{name}</span>
            {account?.name && <span className="block truncate text-xs text-mute">{account.email}</span>}
          </span>
          <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-mute" />
        </button>
      }
    >
      <MenuLabel>
        <span className="block truncate text-xs text-mute">{account?.email}</span>
      </MenuLabel>
      <MenuItem icon={UserRound} onSelect={() => go(paths.me.home)}>
        {t('nav.me')}
      </MenuItem>
      {places.length > 1 && places.map((place) => (
        <MenuItem key={place.to} icon={place.icon} onSelect={() => go(place.to)}>
          {place.label}
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuChoice
        label={t('field.language')}
        value={i18n.language}
        options={[
          { value: 'sv', label: t('language.sv') },
          { value: 'en', label: t('language.en') },
        ]}
        onChange={(next) => isLanguage(next) && void setLanguage(next)}
      />
      <MenuChoice
        label={t('theme.title')}
        value={theme}
        options={[
          { value: 'system', label: t('theme.system') },
          { value: 'light', label: t('theme.light') },
          { value: 'dark', label: t('theme.dark') },
        ]}
        onChange={setTheme}
      />
      <MenuSeparator />
      <MenuItem icon={LogOut} onSelect={() => void signOut()}>
        {t('shell.signOut')}
      </MenuItem>
    </Menu>
  );
}

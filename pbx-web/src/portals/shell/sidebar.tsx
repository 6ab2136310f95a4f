import { ArrowLeft, ChevronsUpDown, LogOut, PanelLeftClose, PanelLeftOpen, Search, UserRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, NavLink, useMatch, useNavigate } from 'react-router';
import { signOut } from '@/api/session';
import type { Brand } from '@/api/types';
import { BrandLogo } from '@/features/brand/logo';
import { MyAvatar } from '@/features/me/avatar';
import { useAccount } from '@/features/session/hooks';
import { isLanguage, setLanguage } from '@/i18n';
import { cx } from '@/lib/cx';
import { paths } from '@/lib/paths';
import { setTheme, useTheme } from '@/lib/theme';
import { IconButton } from '@/ui/button';
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '@/ui/menu';
import { Tooltip } from '@/ui/tooltip';
import type { NavGroup, NavItem, Place } from './nav';
import { usePlaces } from './places';

interface Beside {
  brand: Brand | undefined;
  place: Place;
  onPalette: () => void;
  onGo?: (() => void) | undefined;
  /** At tablet width it can be folded to a rail. */
  onFold?: (() => void) | undefined;
}

/** What stands beside every page: the brand, where one is, where one can go, and who one is. */
export function Sidebar({ brand, place, onPalette, onGo, onFold }: Beside) {
  const { t } = useTranslation();
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-16 shrink-0 items-center justify-between gap-2 pr-3 pl-5">
        <Link to={paths.home} onClick={onGo} className="min-w-0 rounded-lg">
          {brand && <BrandLogo name={brand.name} logo={brand.logo_url} />}
        </Link>
        {onFold && <IconButton label={t('shell.foldMenu')} icon={PanelLeftClose} aria-expanded onClick={onFold} />}
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

const rowLook = ({ isActive }: { isActive: boolean }) =>
  cx('flex h-9 items-center rounded-lg text-sm transition-colors', isActive ? 'bg-accent-soft font-medium text-accent-text' : 'text-soft hover:bg-hover hover:text-text');

/** The same, folded to icons whose names show on hover and focus. */
export function Rail({ brand, place, onPalette, onUnfold }: Beside & { onUnfold: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="flex h-full min-h-0 flex-col items-center">
      <div className="flex h-16 shrink-0 items-center">
        <Link to={paths.home} aria-label={brand?.name ?? t('action.home')} className="rounded-lg">
          {brand && <BrandLogo name={brand.name} logo={brand.logo_url} compact />}
        </Link>
      </div>
      <IconButton label={t('shell.unfoldMenu')} icon={PanelLeftOpen} aria-expanded={false} onClick={onUnfold} />
      <IconButton label={t('shell.search')} icon={Search} aria-keyshortcuts="Control+K Meta+K" onClick={onPalette} />
      <nav aria-label={t('shell.navigation')} className="mt-2 min-h-0 w-full flex-1 overflow-y-auto px-2.5 pb-4">
        {place.up && <RailLink to={place.up.to} end label={place.up.label} icon={ArrowLeft} />}
        {place.groups.map((group) => (
          <ul key={group.key} className="flex flex-col gap-0.5 border-t border-line py-2 first:border-t-0">
            {group.items.map(({ to, label, icon: Icon, end }) => (
              <li key={to}>
                <RailLink to={to} end={end ?? false} label={label} icon={Icon} />
              </li>
            ))}
          </ul>
        ))}
      </nav>
      <div className="w-full shrink-0 border-t border-line p-2.5">
        <AccountMenu compact />
      </div>
    </div>
  );
}

/** The tooltip wants a plain class name, so that whether one is here is asked for, not told. */
function RailLink({ to, label, icon: Icon, end }: Required<NavItem>) {
  const here = useMatch({ path: to, end }) !== null;
  return (
    <Tooltip text={label} side="right">
      <Link to={to} aria-label={label} aria-current={here ? 'page' : undefined} className={cx(rowLook({ isActive: here }), 'justify-center')}>
        <Icon aria-hidden className="size-4 shrink-0" />
      </Link>
    </Tooltip>
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
              className={(state) => cx(rowLook(state), 'gap-3 px-2.5')}
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

function AccountMenu({ onGo, compact = false }: { onGo?: (() => void) | undefined; compact?: boolean }) {
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
        <button type="button" aria-label={`${t('shell.account')}: ${name}`} className={cx('flex w-full items-center gap-3 rounded-lg py-1.5 text-left transition-colors hover:bg-hover', compact ? 'justify-center' : 'px-2')}>
          <MyAvatar />
          {!compact && (
            <>
              <span className="min-w-0 flex-1">
                <span className="block truncate text-sm font-medium">{name}</span>
                {account?.name && <span className="block truncate text-xs text-mute">{account.email}</span>}
              </span>
              <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-mute" />
            </>
          )}
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

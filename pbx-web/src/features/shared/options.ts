import { useTranslation } from 'react-i18next';
import type { Locale } from '@/api/types';

export function useLocaleOptions(): { value: Locale; label: string }[] {
  const { t } = useTranslation();
  return [
    { value: 'sv', label: t('language.sv') },
    { value: 'en', label: t('language.en') },
  ];
}

/** The zones that this browser knows; the Nordic ones first. */
export function zoneOptions(current: string): { value: string; label: string }[] {
  const near = ['Europe/Stockholm', 'Europe/Helsinki', 'Europe/Oslo', 'Europe/Copenhagen', 'UTC'];
  const all = [...near, ...Intl.supportedValuesOf('timeZone').filter((zone) => !near.includes(zone))];
  if (current && !all.includes(current)) all.unshift(current);
  return all.map((zone) => ({ value: zone, label: zone.replace(/_/g, ' ') }));
}

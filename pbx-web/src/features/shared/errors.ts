import { useTranslation } from 'react-i18next';
import { ApiError, type FieldFault } from '@/api/problem';

/** Errors in the user's language: by the server's code where we have words for it, else in the server's own words. */
export function useErrorText(): { whole: (error: unknown) => string; field: (fault: FieldFault) => string } {
  const { t, i18n } = useTranslation();
  const known = (code: string): string | undefined => (i18n.exists(`server.${code}`) ? (t as (key: string) => string)(`server.${code}`) : undefined);
  return {
    field: (fault) => known(fault.code) ?? fault.message,
    whole: (error) => {
      if (!(error instanceof ApiError)) return t('error.unexpected');
      if (error.status === 0) return known(error.code) ?? t('error.network');
      const [only, ...more] = Object.values(error.fields);
      if (error.code === 'validation' && only) return more.length > 0 ? t('error.fields') : (known(only.code) ?? only.message);
      const words = known(error.code);
      if (words) return words;
      if (error.status === 429) return t('error.tooMany');
      if (error.status >= 500) return t('error.server');
      return error.message || t('error.unexpected');
    },
  };
}

import { CloudOff, WifiOff } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { onBack, useReachable } from '@/api/reach';
import { useOnline } from '@/lib/hooks';
import { toast } from '@/ui/toast';

/** Says that what is shown may be old, and why. */
export function OfflineBanner() {
  const { t } = useTranslation();
  const online = useOnline();
  const reachable = useReachable();
  useEffect(() => onBack(() => toast.good(t('offline.back'))), [t]);
  const Icon = online ? CloudOff : WifiOff;
  return (
    <div role="status" className="sticky top-0 z-30">
      {(!online || !reachable) && (
        <p className="flex items-center justify-center gap-2.5 border-b border-line bg-warn-soft px-4 py-2 text-sm text-warn">
          <Icon aria-hidden className="size-4 shrink-0" />
          {online ? t('offline.server') : t('offline.device')}
        </p>
      )}
    </div>
  );
}

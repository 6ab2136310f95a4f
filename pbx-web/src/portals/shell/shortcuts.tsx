import { useTranslation } from 'react-i18next';
import { Dialog } from '@/ui/dialog';

export function Shortcuts({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const rows = [
    { keys: ['Ctrl', 'K'], what: t('shortcuts.palette') },
    { keys: ['/'], what: t('shortcuts.search') },
    { keys: ['↑', '↓'], what: t('shortcuts.move') },
    { keys: ['Esc'], what: t('shortcuts.close') },
    { keys: ['?'], what: t('shortcuts.help') },
  ];
  return (
    <Dialog title={t('shortcuts.title')} onClose={onClose}>
      <dl className="divide-y divide-line">
        {rows.map((row) => (
          <div key={row.what} className="flex items-center justify-between gap-4 py-2.5 text-sm">
            <dt>{row.what}</dt>
            <dd className="flex gap-1">
              {row.keys.map((key) => (
                <kbd key={key} className="min-w-6 rounded-md border border-line bg-sunken px-1.5 py-0.5 text-center font-sans text-xs">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

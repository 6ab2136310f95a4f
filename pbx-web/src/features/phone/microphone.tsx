import { MicOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/button';
import type { MicProblem } from './calls';
import { tell } from './phone';

/** Why there is no microphone, and what to do about it. */
export function MicrophoneHelp({ problem }: { problem: MicProblem }) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="flex gap-3 rounded-xl bg-warn-soft p-3 text-sm text-warn">
      <MicOff aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{t('phone.microphone.title')}</p>
        <p className="mt-0.5">{t(`phone.microphone.${problem}`)}</p>
        <p className="mt-0.5">{t(`phone.microphone.${problem}How`)}</p>
        <Button size="sm" className="mt-2 pointer-coarse:h-11" onClick={() => tell({ do: 'microphone', problem: null })}>
          {t('action.close')}
        </Button>
      </div>
    </div>
  );
}

import { useTranslation } from 'react-i18next';
import type { Destination } from '@/api/types';
import { useColleagues, type OwnExtension } from './extensions';

/** Where a call goes, as the end of a sentence; `null`: it ends. */
function useWhere(item: OwnExtension): (to: Destination | null | undefined) => string | null {
  const { t } = useTranslation();
  const colleagues = useColleagues();
  const { id, settings } = item.extension;
  return (to) => {
    switch (to?.kind) {
      case 'extension': {
        const found = colleagues.data?.items.find(({ extension }) => extension.id === to.extension);
        return found ? `${found.extension.name} (${found.extension.number})` : t('me.now.colleague');
      }
      case 'outside':
        return to.number;
      case 'voicemail':
        return to.mailbox === id ? t('me.now.mailbox') : t('me.now.otherMailbox');
      case 'ivr':
        return t('me.now.menu');
      case 'hangup':
        return null;
      case 'nowhere':
      case undefined:
        return settings.mailbox ? t('me.now.mailbox') : null;
    }
  };
}

/** What happens to a call that comes now, in sentences. The order of the cases is the order in which they count. */
export function useNowSentences(item: OwnExtension): string[] {
  const { t } = useTranslation();
  const where = useWhere(item);
  const { settings, phones_online } = item.extension;
  const { forwarding } = settings;
  const always = forwarding.always && forwarding.always.kind !== 'nowhere' ? forwarding.always : null;
  if (always) {
    const to = where(always);
    return [to ? t('me.now.always', { to }) : t('me.now.alwaysEnds')];
  }
  const busy = where(forwarding.busy);
  if (settings.do_not_disturb) return [t('me.now.dnd'), busy ? t('me.now.goes', { to: busy }) : t('me.now.busyTone')];
  if (phones_online === 0) {
    const to = where(forwarding.offline);
    return [t('me.now.offline'), to ? t('me.now.goes', { to }) : t('me.now.ends')];
  }
  const unanswered = where(forwarding.no_answer);
  return [
    t('me.now.rings', { count: phones_online, seconds: settings.ring_seconds }),
    unanswered ? t('me.now.noAnswer', { to: unanswered }) : t('me.now.noAnswerEnds'),
    settings.call_waiting ? t('me.now.waiting') : busy ? t('me.now.busy', { to: busy }) : t('me.now.busyEnds'),
  ];
}

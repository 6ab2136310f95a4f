import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toast } from './toast';
import { IconButton } from './button';

/** `navigator.clipboard` exists only on https and localhost. */
async function write(text: string): Promise<void> {
  if (typeof (navigator as { clipboard?: Clipboard }).clipboard?.writeText === 'function') {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way where the clipboard API is missing
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('copy refused');
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = () => {
    write(text).then(
      () => {
        setCopied(true);
        setTimeout(() => setCopied(false), 2000);
      },
      () => toast.bad(t('copy.failed')),
    );
  };
  return (
    <>
      <IconButton label={copied ? t('copy.done') : t('copy.what', { what: label })} icon={copied ? Check : Copy} tooltip={false} size="sm" onClick={copy} className={copied ? 'text-good' : ''} />
      <span role="status" className="sr-only">
        {copied ? t('copy.done') : ''}
      </span>
    </>
  );
}

import { Globe, Plus, Smartphone, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, forgetIdempotency, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Device, DeviceCredentials } from '@/api/types';
import { CredentialsDialog } from '@/features/devices/credentials';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { stale } from '@/features/shared/stale';
import { cx } from '@/lib/cx';
import { useTitle } from '@/lib/hooks';
import { Status } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { ConfirmDialog, Dialog } from '@/ui/dialog';
import { Card, PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { MyExtensions, useExtensionTitle, useMyExtensions, type OwnExtension } from './extensions';

/** The phones that ring on one's extensions. */
export function MyPhonesPage() {
  const { t } = useTranslation();
  useTitle(t('me.phones'));
  const query = useMyExtensions();
  return (
    <>
      <PageHeader title={t('me.phones')}>{t('me.phonesText')}</PageHeader>
      <MyExtensions query={query}>{(items) => <Phones items={items} />}</MyExtensions>
    </>
  );
}

function Phones({ items }: { items: OwnExtension[] }) {
  const titled = useExtensionTitle(items);
  return (
    <div className="flex max-w-3xl flex-col gap-6">
      {items.map((item) => (
        <PhonesCard key={item.extension.id} item={item} {...titled(item)} />
      ))}
    </div>
  );
}

function PhonesCard({ item, title, description }: { item: OwnExtension; title: string; description: string }) {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState<Device | null>(null);
  const [credentials, setCredentials] = useState<DeviceCredentials | null>(null);
  const extension = item.extension.id;
  const remove = useAction({ stale: stale.me, success: t('devices.deleted'), run: (device: string) => unwrap(api.DELETE('/api/v1/me/extensions/{extension}/devices/{device}', { params: { path: { extension, device } } })) });
  const add = (
    <Button variant="primary" size="sm" icon={Plus} onClick={() => setAdding(true)}>
      {t('devices.add')}
    </Button>
  );
  return (
    <Card title={title} description={description} actions={item.devices.length > 0 ? add : undefined} flush>
      {item.devices.length === 0 ? (
        <EmptyState icon={Smartphone} title={t('devices.emptyTitle')} action={add}>
          {t('me.phonesEmpty')}
        </EmptyState>
      ) : (
        <ul aria-label={t('devices.title')} className="divide-y divide-line border-t border-line">
          {item.devices.map((device) => {
            const browser = device.kind === 'browser';
            const Icon = browser ? Globe : Smartphone;
            return (
              <li key={device.id} className="flex items-center gap-3.5 py-3 pr-3 pl-5">
                <Icon aria-hidden className="size-5 shrink-0 text-mute" />
                <div className="min-w-0 flex-1">
                  <p className="text-sm font-medium break-words">{browser ? t('devices.browser') : device.name}</p>
                  <p className={cx('text-xs text-mute', !browser && 'truncate')}>{browser ? t('me.browserPhoneText') : (device.user_agent ?? t('devices.neverSeen'))}</p>
                </div>
                <Status tone={device.online ? 'good' : 'idle'}>{device.online ? t('online.yes') : t('online.no')}</Status>
                {!browser && <IconButton label={t('devices.deleteNamed', { name: device.name })} icon={Trash2} size="sm" danger onClick={() => setAsking(device)} />}
              </li>
            );
          })}
        </ul>
      )}
      {adding && (
        <AddPhone
          extension={extension}
          suggestion={item.extension.name}
          onClose={() => setAdding(false)}
          onMade={(made) => {
            setAdding(false);
            setCredentials(made);
          }}
        />
      )}
      {asking && (
        <ConfirmDialog title={t('devices.deleteTitle', { name: asking.name })} action={t('action.delete')} onClose={() => setAsking(null)} onConfirm={() => remove.mutateAsync(asking.id)}>
          {t('devices.deleteText')}
        </ConfirmDialog>
      )}
      {credentials && <CredentialsDialog credentials={credentials} onClose={() => setCredentials(null)} />}
    </Card>
  );
}

function AddPhone({ extension, suggestion, onClose, onMade }: { extension: string; suggestion: string; onClose: () => void; onMade: (credentials: DeviceCredentials) => void }) {
  const { t } = useTranslation();
  const create = useAction({ quiet: true, stale: stale.me, run: (body: { name: string }) => unwrap(api.POST('/api/v1/me/extensions/{extension}/devices', { params: { path: { extension }, header: { 'Idempotency-Key': idempotencyKey(`device ${extension}`, body) } }, body })) });
  const form = useForm({
    initial: { name: t('devices.suggestion', { name: suggestion }) },
    check: (values) => (values.name.trim() ? {} : { name: t('form.required') }),
    send: async (values) => {
      const made = await create.mutateAsync({ name: values.name.trim() });
      // A second phone of the same name is a second phone.
      forgetIdempotency();
      onMade(made);
    },
  });
  return (
    <Dialog
      title={t('devices.add')}
      description={t('me.phoneAddText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-phone" variant="primary" loading={form.submitting}>
            {t('devices.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-phone" guard={false}>
        <TextField form={form} name="name" required label={t('devices.name')} hint={t('devices.nameHint')} maxLength={100} />
      </FormBody>
    </Dialog>
  );
}

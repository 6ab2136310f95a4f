import { useQuery } from '@tanstack/react-query';
import { Globe, KeyRound, Plus, Smartphone, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, forgetIdempotency, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Device, DeviceCredentials, Extension } from '@/api/types';
import { useStanding } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm } from '@/features/shared/form';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { cx } from '@/lib/cx';
import { Status } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { ConfirmDialog, Dialog } from '@/ui/dialog';
import { Card } from '@/ui/page';
import { EmptyState, Skeleton } from '@/ui/states';
import { CredentialsDialog } from './credentials';

/** The phones of an extension. */
export function DevicesSection({ extension }: { extension: Extension }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const { may } = useStanding({ tenant, customer });
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState<{ what: 'rotate' | 'delete'; device: Device } | null>(null);
  const [credentials, setCredentials] = useState<DeviceCredentials | null>(null);
  const path = { tenant, customer, pbx, extension: extension.id };
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices', { params: { path, query: { limit: 50, offset: 0 } } }));
  const rotate = useAction({
    stale: stale.pbx,
    run: (device: string) => unwrap(api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices/{device}/rotate', { params: { path: { ...path, device } } })),
  });
  const remove = useAction({
    stale: stale.pbx,
    success: t('devices.deleted'),
    run: (device: string) => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices/{device}', { params: { path: { ...path, device } } })),
  });
  const denied = may('customer_admin') ? undefined : t('forbidden.needsAdmin');
  const add = (
    <Button variant="primary" size="sm" icon={Plus} disabledReason={denied} onClick={() => setAdding(true)}>
      {t('devices.add')}
    </Button>
  );
  return (
    <Card title={t('devices.title')} description={t('devices.text')} actions={query.data?.items.length ? add : undefined} flush>
      <View query={query} skeleton={<Skeleton className="mx-5 mb-5 h-14" />}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon={Smartphone} title={t('devices.emptyTitle')} action={add}>
              {t('devices.emptyText')}
            </EmptyState>
          ) : (
            <ul className="divide-y divide-line border-t border-line">
              {items.map((device) => {
                const browser = device.kind === 'browser';
                const Icon = browser ? Globe : Smartphone;
                return (
                  <li key={device.id} className="flex items-center gap-3 py-2.5 pr-3 pl-5">
                    <Icon aria-hidden className="size-4 shrink-0 text-mute" />
                    <div className="min-w-0 flex-1">
                      <p className="truncate text-sm font-medium">{browser ? t('devices.browser') : device.name}</p>
                      <p className={cx('text-xs text-mute', !browser && 'truncate')}>{browser ? t('devices.browserText') : (device.user_agent ?? t('devices.neverSeen'))}</p>
                    </div>
                    <Status tone={device.online ? 'good' : 'idle'}>{device.online ? t('online.yes') : t('online.no')}</Status>
                    {/* A browser's phone comes and goes with its sign-in. */}
                    {!browser && (
                      <>
                        <IconButton label={t('devices.rotateNamed', { name: device.name })} icon={KeyRound} size="sm" disabledReason={denied} onClick={() => setAsking({ what: 'rotate', device })} />
                        <IconButton label={t('devices.deleteNamed', { name: device.name })} icon={Trash2} size="sm" danger disabledReason={denied} onClick={() => setAsking({ what: 'delete', device })} />
                      </>
                    )}
                  </li>
                );
              })}
            </ul>
          )
        }
      </View>
      {adding && (
        <AddDevice
          path={path}
          suggestion={extension.name}
          onClose={() => setAdding(false)}
          onMade={(made) => {
            setAdding(false);
            setCredentials(made);
          }}
        />
      )}
      {asking?.what === 'rotate' && (
        <ConfirmDialog
          title={t('devices.rotateTitle', { name: asking.device.name })}
          action={t('devices.rotate')}
          danger={false}
          onClose={() => setAsking(null)}
          onConfirm={() => rotate.mutateAsync(asking.device.id).then(setCredentials)}
        >
          {t('devices.rotateText')}
        </ConfirmDialog>
      )}
      {asking?.what === 'delete' && (
        <ConfirmDialog title={t('devices.deleteTitle', { name: asking.device.name })} action={t('action.delete')} onClose={() => setAsking(null)} onConfirm={() => remove.mutateAsync(asking.device.id)}>
          {t('devices.deleteText')}
        </ConfirmDialog>
      )}
      {credentials && <CredentialsDialog credentials={credentials} onClose={() => setCredentials(null)} />}
    </Card>
  );
}

function AddDevice({ path, suggestion, onClose, onMade }: { path: { tenant: string; customer: string; pbx: string; extension: string }; suggestion: string; onClose: () => void; onMade: (credentials: DeviceCredentials) => void }) {
  const { t } = useTranslation();
  const create = useAction({
    quiet: true,
    stale: stale.pbx,
    run: (body: { name: string }) =>
      unwrap(
        api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices', {
          params: { path, header: { 'Idempotency-Key': idempotencyKey(`device ${path.extension}`, body) } },
          body,
        }),
      ),
  });
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
      description={t('devices.addText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-device" variant="primary" loading={form.submitting}>
            {t('devices.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-device" guard={false}>
        <TextField form={form} name="name" required label={t('devices.name')} hint={t('devices.nameHint')} maxLength={100} />
      </FormBody>
    </Dialog>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useLocation, useNavigate, useParams } from 'react-router';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Extension } from '@/api/types';
import { DevicesSection } from '@/features/devices/devices';
import { useStanding } from '@/features/session/hooks';
import { useAction } from '@/features/shared/action';
import { FormBody, useForm } from '@/features/shared/form';
import { usePlace } from '@/features/shared/place';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { paths } from '@/lib/paths';
import { Button } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Card, Facts } from '@/ui/page';
import { Fields, useCheck } from './fields';
import { BLANK, bodyOf, valuesOf, type Values } from './settings';

/** Where the server points, and what that is called here. */
const NAMES = Object.fromEntries(
  [...Object.keys(BLANK).map((name) => [`settings.${name}`, name]), ['settings.mailbox.longest_seconds', 'longest_seconds'], ['settings.mailbox.pin', 'pin'], ['settings.number', 'outside'], ['settings.overflow', 'failed'], ['recording.notice', 'notice']],
) as Record<string, keyof Values>;

export function NewExtensionSheet() {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const navigate = useNavigate();
  const { search } = useLocation();
  const here = paths.customer(tenant, customer).pbx(pbx);
  const close = () => void navigate({ pathname: here.extensions, search });
  const create = useAction({
    quiet: true,
    stale: stale.pbx,
    success: (extension: Extension) => t('extensions.created', { number: extension.number }),
    run: (body: ReturnType<typeof bodyOf>) =>
      unwrap(
        api.POST('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions', {
          params: { path: { tenant, customer, pbx }, header: { 'Idempotency-Key': idempotencyKey('extension', body) } },
          body,
        }),
      ),
  });
  const [made, setMade] = useState<string | null>(null);
  const form = useForm<Values>({
    initial: BLANK,
    names: NAMES,
    check: useCheck(),
    send: async (values) => {
      setMade((await create.mutateAsync(bodyOf(values))).id);
    },
  });
  // The next step is its phone: open what was made, once the form no longer counts as changed.
  if (made) return <Navigate to={here.extension(made)} replace />;
  return (
    <Sheet
      wide
      title={t('extensions.new')}
      description={t('extensions.newText')}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-extension" variant="primary" loading={form.submitting}>
            {t('extensions.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-extension">
        <Fields form={form} />
      </FormBody>
    </Sheet>
  );
}

export function ExtensionSheet() {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const { extension = '' } = useParams();
  const { may } = useStanding({ tenant, customer });
  const navigate = useNavigate();
  const { search } = useLocation();
  const close = () => void navigate({ pathname: paths.customer(tenant, customer).pbx(pbx).extensions, search });
  const query = useQuery(get('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}', { params: { path: { tenant, customer, pbx, extension } } }));
  const data = query.data;
  return (
    <Sheet
      wide
      title={data ? `${data.number} ${data.name}` : t('extensions.one')}
      description={data?.user_name}
      onClose={close}
      footer={
        may('customer_admin') ? (
          <>
            <Button onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" form="extension" variant="primary" disabledReason={data ? undefined : t('state.loading')}>
              {t('action.save')}
            </Button>
          </>
        ) : undefined
      }
    >
      <View query={query}>
        {(found) => (
          <div className="flex flex-col gap-6">
            {found.kind === 'user' && <DevicesSection extension={found} />}
            {may('customer_admin') ? (
              <EditExtension key={found.id} extension={found} onDone={close} />
            ) : (
              <Facts
                items={[
                  { label: t('extensions.person'), value: found.user_name ?? '–' },
                  { label: t('extensions.kind'), value: t(`kind.${found.kind}`) },
                  ...(found.settings.kind === 'user'
                    ? [
                        { label: t('extensions.ringSeconds'), value: t('extensions.seconds', { seconds: found.settings.ring_seconds }) },
                        { label: t('extensions.callWaiting'), value: found.settings.call_waiting ? t('yes') : t('no') },
                      ]
                    : []),
                ]}
              />
            )}
          </div>
        )}
      </View>
    </Sheet>
  );
}

function EditExtension({ extension, onDone }: { extension: Extension; onDone: () => void }) {
  const { t } = useTranslation();
  const { tenant, customer, pbx } = usePlace();
  const [asking, setAsking] = useState(false);
  const path = { tenant, customer, pbx, extension: extension.id };
  const save = useAction({
    quiet: true,
    stale: stale.pbx,
    success: t('saved'),
    run: (body: ReturnType<typeof bodyOf>) => unwrap(api.PATCH('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}', { params: { path }, body })),
  });
  const remove = useAction({
    stale: stale.pbx,
    deletes: path,
    success: t('extensions.deleted', { number: extension.number }),
    run: () => unwrap(api.DELETE('/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}', { params: { path } })),
  });
  const form = useForm<Values>({
    initial: valuesOf(extension),
    names: NAMES,
    check: useCheck(),
    send: (values) => save.mutateAsync(bodyOf(values)),
    done: onDone,
  });
  return (
    <>
      <Card title={t('nav.settings')}>
        <FormBody form={form} id="extension">
          <Fields form={form} current={extension} />
        </FormBody>
      </Card>
      <Card title={t('danger.delete')}>
        <Button variant="danger-quiet" onClick={() => setAsking(true)}>
          {t('extensions.delete')}
        </Button>
      </Card>
      {asking && (
        <ConfirmDialog title={t('extensions.deleteTitle', { number: extension.number })} action={t('action.delete')} onClose={() => setAsking(false)} onConfirm={() => remove.mutateAsync(undefined).then(onDone)}>
          {t('extensions.deleteText', { devices: extension.devices })}
        </ConfirmDialog>
      )}
    </>
  );
}

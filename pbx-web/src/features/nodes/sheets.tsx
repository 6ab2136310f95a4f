import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, get, idempotencyKey } from '@/api/client';
import { unwrap } from '@/api/problem';
import type { Node } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { FormBody, TextField, useForm, type Form } from '@/features/shared/form';
import { stale } from '@/features/shared/stale';
import { View } from '@/features/shared/view';
import { useFormat } from '@/lib/format';
import { Button } from '@/ui/button';
import { ConfirmDialog, Sheet } from '@/ui/dialog';
import { Card, Facts } from '@/ui/page';
import { Time } from '@/ui/time';
import { NodeState } from './page';

interface Values {
  name: string;
  host: string;
  port: string;
  control_host: string;
  control_port: string;
  password: string;
  weight: string;
  notes: string;
}

const EMPTY: Values = { name: '', host: '', port: '', control_host: '', control_port: '', password: '', weight: '10', notes: '' };
const whole = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN);
const isPort = (text: string): boolean => text.trim() === '' || (whole(text) >= 1 && whole(text) <= 65535);

function useCheck(passwordSet: boolean) {
  const { t } = useTranslation();
  return (values: Values): Partial<Record<keyof Values, string>> => ({
    ...(values.name.trim() ? {} : { name: t('form.required') }),
    ...(values.host.trim() ? {} : { host: t('form.required') }),
    ...(isPort(values.port) ? {} : { port: t('trunks.portRule') }),
    ...(isPort(values.control_port) ? {} : { control_port: t('trunks.portRule') }),
    ...(whole(values.weight) >= 1 && whole(values.weight) <= 100 ? {} : { weight: t('trunks.priorityRule') }),
    ...(values.password || passwordSet ? {} : { password: t('form.required') }),
  });
}

/** What is left empty is the usual, or stays. */
const bodyOf = (values: Values) => ({
  name: values.name.trim(),
  host: values.host.trim(),
  port: values.port.trim() ? whole(values.port) : null,
  ...(values.control_host.trim() ? { control_host: values.control_host.trim() } : {}),
  control_port: values.control_port.trim() ? whole(values.control_port) : null,
  weight: whole(values.weight),
  notes: values.notes.trim(),
});

function Fields({ form, passwordSet }: { form: Form<Values>; passwordSet: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      <TextField form={form} name="name" required label={t('field.name')} hint={t('nodes.nameHint')} placeholder="fs1" autoComplete="off" spellCheck={false} maxLength={40} />
      <div className="grid gap-5 sm:grid-cols-[1fr_7rem]">
        <TextField form={form} name="host" required label={t('nodes.host')} hint={t('nodes.hostHint')} placeholder="fs1.example.se" autoComplete="off" spellCheck={false} />
        <TextField form={form} name="port" optional label={t('trunks.port')} placeholder="5060" inputMode="numeric" className="tabular" />
      </div>
      <div className="grid gap-5 sm:grid-cols-[1fr_7rem]">
        <TextField form={form} name="control_host" optional label={t('nodes.controlHost')} hint={t('nodes.controlHint')} placeholder="10.20.0.11" autoComplete="off" spellCheck={false} />
        <TextField form={form} name="control_port" optional label={t('nodes.controlPort')} placeholder="8021" inputMode="numeric" className="tabular" />
      </div>
      <TextField form={form} name="password" password required={!passwordSet} label={t('nodes.password')} hint={passwordSet ? t('trunks.passwordKept') : t('nodes.passwordHint')} autoComplete="new-password" />
      <TextField form={form} name="weight" label={t('nodes.weight')} hint={t('nodes.weightHint')} inputMode="numeric" className="max-w-64" />
      <TextField form={form} name="notes" optional label={t('nodes.notes')} maxLength={500} />
    </>
  );
}

export function NewNodeSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const create = useAction({
    quiet: true,
    stale: stale.nodes,
    success: (made: Node) => t('nodes.created', { name: made.name }),
    run: (values: Values) => {
      const body = { ...bodyOf(values), password: values.password };
      return unwrap(api.POST('/api/v1/platform/nodes', { params: { header: { 'Idempotency-Key': idempotencyKey('node', body) } }, body }));
    },
  });
  const form = useForm<Values>({ initial: EMPTY, check: useCheck(false), send: (values) => create.mutateAsync(values), done: onClose });
  return (
    <Sheet
      wide
      title={t('nodes.new')}
      description={t('nodes.newText')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="new-node" variant="primary" loading={form.submitting}>
            {t('nodes.create')}
          </Button>
        </>
      }
    >
      <FormBody form={form} id="new-node">
        <Fields form={form} passwordSet={false} />
      </FormBody>
    </Sheet>
  );
}

export function NodeSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery({ ...get('/api/v1/platform/nodes/{node}', { params: { path: { node: id } } }), refetchInterval: 2000 });
  return (
    <Sheet
      wide
      title={query.data?.name ?? t('nodes.one')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" form="node" variant="primary" disabledReason={query.data ? undefined : t('state.loading')}>
            {t('action.save')}
          </Button>
        </>
      }
    >
      <View query={query}>
        {(found) => (
          <div className="flex flex-col gap-6">
            <Health node={found} />
            <EditNode key={found.id} node={found} onDone={onClose} />
          </div>
        )}
      </View>
    </Sheet>
  );
}

function Health({ node }: { node: Node }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card title={t('nodes.health')} actions={<NodeState node={node} />}>
      <Facts
        items={[
          { label: t('nodes.calls'), value: node.most_calls > 0 ? t('nodes.callsOf', { calls: format.number(node.calls), most: format.number(node.most_calls) }) : '–' },
          { label: t('nodes.load'), value: typeof node.load_percent === 'number' ? `${node.load_percent} %` : '–' },
          { label: t('nodes.version'), value: node.version ?? '–' },
          { label: t('nodes.browsers'), value: t(node.browsers ? 'nodes.browsersYes' : 'nodes.browsersNo') },
          { label: t('nodes.heard'), value: node.heard_at ? <Time at={node.heard_at} /> : '–' },
          { label: t('nodes.srv'), value: node.srv ? <code className="break-all">_sip._udp IN SRV {node.srv}</code> : t('nodes.noSrv') },
        ]}
      />
    </Card>
  );
}

function EditNode({ node, onDone }: { node: Node; onDone: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<'drain' | 'delete' | null>(null);
  const path = { node: node.id };
  const save = useAction({
    quiet: true,
    stale: stale.nodes,
    success: t('saved'),
    run: (values: Values) => unwrap(api.PATCH('/api/v1/platform/nodes/{node}', { params: { path }, body: { ...bodyOf(values), ...(values.password ? { password: values.password } : {}) } })),
  });
  const drain = useAction({ stale: stale.nodes, success: t('nodes.drained'), run: () => unwrap(api.POST('/api/v1/platform/nodes/{node}/drain', { params: { path } })) });
  const undrain = useAction({ stale: stale.nodes, success: t('nodes.undrained'), run: () => unwrap(api.POST('/api/v1/platform/nodes/{node}/undrain', { params: { path } })) });
  const remove = useAction({ stale: stale.nodes, deletes: path, success: t('nodes.deleted'), run: () => unwrap(api.DELETE('/api/v1/platform/nodes/{node}', { params: { path } })) });
  const form = useForm<Values>({
    initial: {
      name: node.name,
      host: node.host,
      port: String(node.port),
      control_host: node.control_host,
      control_port: String(node.control_port),
      password: '',
      weight: String(node.weight),
      notes: node.notes,
    },
    check: useCheck(true),
    send: (values) => save.mutateAsync(values),
    done: onDone,
  });
  return (
    <>
      <FormBody form={form} id="node">
        <Fields form={form} passwordSet />
      </FormBody>
      <Card title={t('nodes.drainTitle')}>
        <p className="mb-3 text-sm text-mute">{node.draining ? t('nodes.drainingText') : t('nodes.drainText')}</p>
        {node.draining ? (
          <Button loading={undrain.isPending} onClick={() => undrain.mutate(undefined)}>
            {t('nodes.undrain')}
          </Button>
        ) : (
          <Button onClick={() => setAsking('drain')}>{t('nodes.drain')}</Button>
        )}
      </Card>
      <Card title={t('danger.delete')}>
        <Button variant="danger-quiet" onClick={() => setAsking('delete')}>
          {t('nodes.delete')}
        </Button>
      </Card>
      {asking === 'drain' && (
        <ConfirmDialog title={t('nodes.drainAsk', { name: node.name })} action={t('nodes.drain')} onClose={() => setAsking(null)} onConfirm={() => drain.mutateAsync(undefined)}>
          {t('nodes.drainText')}
        </ConfirmDialog>
      )}
      {asking === 'delete' && (
        <ConfirmDialog title={t('nodes.deleteTitle', { name: node.name })} action={t('action.delete')} onClose={() => setAsking(null)} onConfirm={() => remove.mutateAsync(undefined).then(onDone)}>
          {t('nodes.deleteText')}
        </ConfirmDialog>
      )}
    </>
  );
}

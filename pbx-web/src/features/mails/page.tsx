import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Mail as MailIcon } from 'lucide-react';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { get } from '@/api/client';
import type { Mail, MailState } from '@/api/types';
import { List, useList } from '@/features/shared/list';
import { View } from '@/features/shared/view';
import { useFormat } from '@/lib/format';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Status, type Tone } from '@/ui/badge';
import { Sheet } from '@/ui/dialog';
import { Facts, PageHeader } from '@/ui/page';
import { EmptyState, Notice } from '@/ui/states';
import { Time } from '@/ui/time';

const tones: Record<MailState, Tone> = { queued: 'warn', sent: 'good', failed: 'bad', mailbox: 'accent' };

export function MailsPage() {
  const { t } = useTranslation();
  useTitle(t('mails.title'));
  const { search } = useLocation();
  const { mail } = useParams();
  const list = useList(['subject', 'to', 'state', 'created_at'], '-created_at');
  const query = useQuery({ ...get('/api/v1/platform/mails', { params: { query: list.query } }), placeholderData: keepPreviousData, refetchInterval: 10_000 });
  return (
    <>
      <PageHeader title={t('mails.title')}>{t('mails.text')}</PageHeader>
      <List<Mail>
        list={list}
        query={query}
        label={t('mails.title')}
        searchLabel={t('mails.search')}
        rowKey={(row) => row.id}
        rowLink={(row) => `${paths.platform.mail(row.id)}${search}`}
        columns={[
          { key: 'subject', header: t('mails.subject'), sort: 'subject', cell: (row) => row.subject },
          { key: 'to', header: t('mails.to'), sort: 'to', cell: (row) => <span className="break-all text-mute">{row.to}</span> },
          { key: 'state', header: t('field.status'), sort: 'state', cell: (row) => <Status tone={tones[row.state]}>{t(`mailState.${row.state}`)}</Status> },
          { key: 'at', header: t('mails.at'), sort: 'created_at', align: 'right', cell: (row) => <Time at={row.created_at} /> },
        ]}
        empty={
          <EmptyState icon={MailIcon} title={t('mails.emptyTitle')}>
            {t('mails.emptyText')}
          </EmptyState>
        }
      />
      {mail && <MailSheet id={mail} />}
    </>
  );
}

function MailSheet({ id }: { id: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const navigate = useNavigate();
  const { search } = useLocation();
  const query = useQuery(get('/api/v1/platform/mails/{mail}', { params: { path: { mail: id } } }));
  return (
    <Sheet wide title={query.data?.subject ?? t('mails.one')} onClose={() => void navigate({ pathname: paths.platform.mails, search })}>
      <View query={query}>
        {(mail) => (
          <div className="flex flex-col gap-5">
            <Facts
              items={[
                { label: t('mails.to'), value: mail.to },
                { label: t('mails.at'), value: format.exact(mail.created_at) },
                { label: t('field.status'), value: <Status tone={tones[mail.state]}>{t(`mailState.${mail.state}`)}</Status> },
              ]}
            />
            {mail.last_error && <Notice kind="bad">{mail.last_error}</Notice>}
            <div className="rounded-xl border border-line bg-sunken/50 p-5 text-sm leading-relaxed break-words whitespace-pre-wrap">
              <Linked text={mail.text} />
            </div>
          </div>
        )}
      </View>
    </Sheet>
  );
}

/** The text with its addresses as links; nothing of the mail's HTML is put into the page. */
function Linked({ text }: { text: string }) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) =>
    index % 2 === 1 ? (
      <a key={index} href={part} target="_blank" rel="noopener noreferrer" className="text-accent-text underline underline-offset-2">
        {part}
      </a>
    ) : (
      <Fragment key={index}>{part}</Fragment>
    ),
  );
}

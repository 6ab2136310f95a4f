import { MailPlus, UserPlus, Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import type { User } from '@/api/types';
import { useAction } from '@/features/shared/action';
import { List, useList } from '@/features/shared/list';
import { useTitle } from '@/lib/hooks';
import { paths } from '@/lib/paths';
import { Avatar } from '@/ui/avatar';
import { Status, type Tone } from '@/ui/badge';
import { IconButton, LinkButton } from '@/ui/button';
import { PageHeader } from '@/ui/page';
import { EmptyState } from '@/ui/states';
import { Time } from '@/ui/time';
import { NotFound, View } from '@/features/shared/view';
import { Sheet } from '@/ui/dialog';
import { listPath, resend, SORTS, staleOf, stateOf, useUser, useUsers, type Scope, type UserState } from './scope';
import { InviteSheet, PersonSheet } from './sheets';

const tones: Record<UserState, Tone> = { active: 'good', invited: 'warn', suspended: 'bad' };

export function People({ scope }: { scope: Scope }) {
  const { t } = useTranslation();
  const kind = scope.kind;
  const title = t(`people.title.${kind}`);
  useTitle(title);
  const list = useList(SORTS, 'name');
  const query = useUsers(scope, list.query);
  const base = listPath(scope);
  const navigate = useNavigate();
  const { search } = useLocation();
  const { user } = useParams();
  const again = useAction({ success: t('people.resent'), stale: staleOf(scope), run: (id: string) => resend(scope, id) });
  const close = () => void navigate({ pathname: base, search });
  const named = user !== undefined && user !== 'new';
  const listed = named ? query.data?.items.find((row) => row.id === user) : undefined;
  const other = useUser(scope, user ?? '', named && query.data !== undefined && !listed);
  const open = listed ?? (named ? other.data : undefined);
  const create = (
    <LinkButton variant="primary" icon={UserPlus} to={{ pathname: `${base}/new`, search }}>
      {t('people.invite')}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={title} actions={create}>
        {t(`people.text.${kind}`)}
      </PageHeader>
      <List<User>
        list={list}
        query={query}
        label={title}
        searchLabel={t('people.search')}
        rowKey={(row) => row.id}
        rowLink={(row) => `${base}/${row.id}${search}`}
        {...(kind === 'platform'
          ? {}
          : {
              rowActions: (row: User) =>
                stateOf(row) === 'invited' ? <IconButton label={t('people.resendTo', { name: row.name })} icon={MailPlus} size="sm" onClick={() => again.mutate(row.id)} /> : null,
            })}
        columns={[
          {
            key: 'name',
            header: t('field.name'),
            sort: 'name',
            cell: (row) => (
              <span className="inline-flex items-center gap-3">
                <Avatar name={row.name} />
                {row.name}
              </span>
            ),
          },
          { key: 'email', header: t('field.email'), sort: 'email', cell: (row) => <span className="break-all text-mute">{row.email}</span> },
          { key: 'role', header: t('field.role'), sort: 'role', from: 'lg', cell: (row) => t(`role.${row.role}`) },
          ...(scope.kind === 'customer'
            ? [
                {
                  key: 'extension',
                  header: t('people.extension'),
                  from: 'md' as const,
                  cell: (row: User) =>
                    row.extension ? (
                      <Link className="tabular relative z-10 text-accent-text underline-offset-2 hover:underline" to={paths.customer(scope.tenant, scope.customer).pbx(row.extension.pbx).extension(row.extension.id)}>
                        {row.extension.number}
                      </Link>
                    ) : (
                      <span className="text-mute">–</span>
                    ),
                },
              ]
            : []),
          { key: 'status', header: t('field.status'), cell: (row) => <Status tone={tones[stateOf(row)]}>{t(`status.${stateOf(row)}`)}</Status> },
          { key: 'created', header: t('field.created'), sort: 'created_at', align: 'right', from: 'lg', tableOnly: true, cell: (row) => <Time at={row.created_at} /> },
        ]}
        empty={
          <EmptyState icon={Users} title={t('people.emptyTitle')} action={create}>
            {t(`people.text.${kind}`)}
          </EmptyState>
        }
      />
      {user === 'new' && <InviteSheet scope={scope} onClose={close} />}
      {named && !open && query.data && (
        <Sheet title={title} onClose={close}>
          {kind === 'platform' ? <NotFound /> : <View query={other}>{() => null}</View>}
        </Sheet>
      )}
      {open && <PersonSheet key={open.id} scope={scope} user={open} onClose={close} />}
    </>
  );
}

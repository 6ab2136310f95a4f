import { queryOptions, useQuery } from '@tanstack/react-query';
import { authorized } from '@/api/client';
import { problemFrom } from '@/api/problem';
import { useAccount } from '@/features/session/hooks';
import { Avatar } from '@/ui/avatar';

const PATH = '/api/v1/me/avatar';

/** As a `data:` address: it needs no release, and an `<img>` cannot send the token itself. */
const picture = queryOptions({
  queryKey: [PATH, null] as const,
  queryFn: async ({ signal }) => {
    const answer = await authorized(new Request(new URL(PATH, location.origin), { signal }));
    if (!answer.ok) throw problemFrom(answer.status, await answer.json().catch(() => null));
    return asAddress(await answer.blob());
  },
  staleTime: Infinity,
});

function asAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result : '');
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(blob);
  });
}

/** The signed-in person's picture; initials until it is there, and where there is none. */
export function MyAvatar({ size = 'sm' }: { size?: 'sm' | 'lg' }) {
  const { account } = useAccount();
  const has = useHasAvatar();
  const query = useQuery({ ...picture, enabled: has });
  return <Avatar name={account?.name ?? account?.email ?? ''} src={has ? query.data : undefined} size={size} />;
}

export function useHasAvatar(): boolean {
  const { account } = useAccount();
  return account?.avatar ?? false;
}

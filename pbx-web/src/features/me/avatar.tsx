import { queryOptions, useQuery } from '@tanstack/react-query';
import { useAccount } from '@/features/session/hooks';
import { fetchPicture } from '@/features/shared/picture';
import { Avatar } from '@/ui/avatar';

const PATH = '/api/v1/me/avatar';

const picture = queryOptions({ queryKey: [PATH, null] as const, queryFn: ({ signal }) => fetchPicture(PATH, signal), staleTime: Infinity });

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

import { usePlace } from '@/features/shared/place';
import { People } from './people';

export const PlatformUsersPage = () => <People scope={{ kind: 'platform' }} />;

export function TeamPage() {
  const { tenant } = usePlace();
  return <People scope={{ kind: 'tenant', tenant }} />;
}

export function PeoplePage() {
  const { tenant, customer } = usePlace();
  return <People scope={{ kind: 'customer', tenant, customer }} />;
}

import { useParams } from 'react-router';

/** The ids of the address. Used below the routes that have them. */
export function usePlace(): { tenant: string; customer: string; pbx: string } {
  const { tenant = '', customer = '', pbx = '' } = useParams();
  return { tenant, customer, pbx };
}

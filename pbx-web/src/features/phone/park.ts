import i18next from 'i18next';
import type { LiveCall } from '@/api/types';
import { toast } from '@/ui/toast';

/** Sends a call to the first slot that is free. */
export const PARK = '*59';

/** This page sent a call to a slot, and does not know yet which one it became. */
let asked = false;

/** A call is sent there. */
export function sentTo(number: string): void {
  asked = number.startsWith(PARK);
}

/** What the server says of a call: where it is parked, for whoever parked it. */
export function toldOf(data: string): void {
  if (!asked) return;
  const call = JSON.parse(data) as Partial<LiveCall>;
  if (!call.parked) return;
  asked = false;
  toast.good(i18next.t('phone.transfer.parked', { slot: call.parked.slot }));
}

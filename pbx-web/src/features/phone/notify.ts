/** Calls outside the page: desktop notifications, and a title that flashes. */
import i18next from 'i18next';
import { useEffect } from 'react';
import type { PhoneCall } from './calls';

const LATER = 'voxera.phone.notify-later';

/** `none`: this browser has no notifications. */
export const notifyState = (): NotificationPermission | 'none' => (typeof Notification === 'undefined' ? 'none' : Notification.permission);
export const askToNotify = async (): Promise<void> => {
  await Notification.requestPermission();
};
/** Whether to offer it: once, after a first call, and not again when it was put off. */
export const mayOffer = (): boolean => notifyState() === 'default' && localStorage.getItem(LATER) === null;
export const putOff = (): void => localStorage.setItem(LATER, 'yes');

/** Shows who calls while the person looks elsewhere; the answer takes it away. */
export function notify(title: string, call: PhoneCall, onClick: () => void): () => void {
  if (notifyState() !== 'granted' || (document.visibilityState === 'visible' && document.hasFocus())) return () => undefined;
  try {
    const shown = new Notification(title, { body: call.party.name ? call.party.number : '', tag: call.id, requireInteraction: true, icon: '/favicon.svg', lang: i18next.language });
    shown.onclick = () => {
      window.focus();
      onClick();
      shown.close();
    };
    return () => shown.close();
  } catch {
    // Browsers of phones show them from a service worker only.
    return () => undefined;
  }
}

/** Milliseconds of each half of the flash. */
const FLASH = 1000;

/** The tab's title says who calls, every other second. */
export function useFlashingTitle(text: string | null): void {
  useEffect(() => {
    if (text === null) return;
    let page = document.title;
    let shown = true;
    document.title = text;
    const timer = setInterval(() => {
      // Another page may have set its own meanwhile.
      if (document.title !== text) page = document.title;
      shown = !shown;
      document.title = shown ? text : page;
    }, FLASH);
    return () => {
      clearInterval(timer);
      document.title = document.title === text ? page : document.title;
    };
  }, [text]);
}

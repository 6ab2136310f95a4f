import { authorized } from '@/api/client';
import { problemFrom } from '@/api/problem';

/** A picture as a `data:` address: it needs no release, and an `<img>` cannot send the token itself. */
export async function fetchPicture(path: string, signal: AbortSignal): Promise<string> {
  const answer = await authorized(new Request(new URL(path, location.origin), { signal }));
  if (!answer.ok) throw problemFrom(answer.status, await answer.json().catch(() => null));
  return asAddress(await answer.blob());
}

function asAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result : '');
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(blob);
  });
}

import i18next from 'i18next';
import { authorized } from './client';
import { problemFrom, unwrap } from './problem';
import { accessToken } from './session';

/** Sends a file and tells how much of it has gone (0 to 1); `fetch` cannot tell. */
export async function upload<Answer>(path: string, file: Blob, headers: Record<string, string>, onProgress: (share: number) => void, signal?: AbortSignal): Promise<Answer> {
  const token = await accessToken();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.responseType = 'text';
    if (token) request.setRequestHeader('authorization', `Bearer ${token}`);
    request.setRequestHeader('accept-language', i18next.language);
    request.setRequestHeader('content-type', file.type || 'application/octet-stream');
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    const answer = (): unknown => {
      try {
        return JSON.parse(request.responseText) as unknown;
      } catch {
        return null;
      }
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(answer() as Answer);
      else reject(problemFrom(request.status, answer()));
    };
    request.onerror = () => reject(problemFrom(0, null));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

/** Puts a small file in the place of what is there. */
export function put<Answer>(path: string, file: Blob): Promise<Answer | undefined> {
  const send = async () => {
    const response = await authorized(new Request(new URL(path, location.origin), { method: 'PUT', body: file, headers: { 'content-type': file.type || 'application/octet-stream' } }));
    const body: unknown = await response.json().catch(() => undefined);
    return response.ok ? { data: body as Answer | undefined, response } : { error: body, response };
  };
  return unwrap(send());
}

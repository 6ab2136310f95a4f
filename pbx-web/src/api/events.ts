/** Server-sent events read with fetch, because EventSource cannot carry a bearer token. */
import { authorized } from './client';

export interface ServerEvent {
  event: string;
  data: string;
}

/** Splits a stream into events; keeps what is not complete for the next piece. */
export class EventParser {
  private rest = '';

  feed(piece: string): ServerEvent[] {
    let text = this.rest + piece;
    // The line feed that belongs to a last carriage return may still be under way.
    const held = text.endsWith('\r') ? '\r' : '';
    text = text.slice(0, text.length - held.length);
    const blocks = text.replace(/\r\n?/g, '\n').split('\n\n');
    this.rest = (blocks.pop() ?? '') + held;
    const events: ServerEvent[] = [];
    for (const block of blocks) {
      let event = 'message';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':');
        if (colon === 0) continue;
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') event = value;
        else if (field === 'data') data.push(value);
      }
      if (data.length > 0) events.push({ event, data: data.join('\n') });
    }
    return events;
  }
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** The server says something at least this often (milliseconds), or the connection is dead. */
const SILENCE = 45_000;

/** Follows a stream until aborted, and connects again when it breaks. */
export async function follow(
  path: string,
  signal: AbortSignal,
  handlers: { onOpen: () => void; onEvent: (event: ServerEvent) => void; onLost: () => void },
): Promise<void> {
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener('abort', stop);
    let watchdog = setTimeout(stop, SILENCE);
    try {
      const response = await authorized(new Request(new URL(path, location.origin), { headers: { accept: 'text/event-stream' }, signal: attempt.signal }));
      // Not allowed or not there: trying again changes nothing.
      if (response.status === 403 || response.status === 404 || response.status === 401) return;
      if (response.ok && response.body) {
        handlers.onOpen();
        wait = FIRST_WAIT;
        const parser = new EventParser();
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          clearTimeout(watchdog);
          watchdog = setTimeout(stop, SILENCE);
          parser.feed(value).forEach(handlers.onEvent);
        }
      }
    } catch {
      // Broken off; the loop tries again.
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener('abort', stop);
    }
    if (ended(signal)) return;
    handlers.onLost();
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** Asked anew: it may have ended while something was awaited. */
const ended = (signal: AbortSignal): boolean => signal.aborted;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}

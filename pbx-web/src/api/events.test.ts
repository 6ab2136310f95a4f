import { describe, expect, it } from 'vitest';
import { EventParser } from './events';

describe('a stream of events', () => {
  it('is read whole, however it is cut', () => {
    const parser = new EventParser();
    const stream = ': hello\r\n\r\nevent: call\r\ndata: {"a":1}\r\n\r\nevent: ping\ndata:\n\ndata: x\ndata: y\n\n';
    const events = Array.from(stream).flatMap((char) => parser.feed(char));
    expect(events).toEqual([
      { event: 'call', data: '{"a":1}' },
      { event: 'ping', data: '' },
      { event: 'message', data: 'x\ny' },
    ]);
  });
});

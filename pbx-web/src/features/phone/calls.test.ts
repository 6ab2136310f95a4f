import { describe, expect, it } from 'vitest';
import { callOf, currentOf, dialable, IDLE, incomingOf, isNumber, refusal, step, waitingOf, type PhoneEvent, type PhoneState } from './calls';

const anna = { number: '1000', name: 'Anna' };
const bo = { number: '1001', name: 'Bo' };
const after = (...events: PhoneEvent[]): PhoneState => events.reduce(step, IDLE);
const dialled: PhoneEvent = { kind: 'dialled', id: 'a', party: anna, at: 1000 };
const talking: PhoneEvent[] = [dialled, { kind: 'ringing', id: 'a' }, { kind: 'answered', id: 'a', at: 5000 }];
const second: PhoneEvent = { kind: 'incoming', id: 'b', party: bo, at: 6000 };

describe('a call that we make', () => {
  it('is dialled, rings, is answered and counts from the answer', () => {
    expect(currentOf(after(dialled))?.phase).toBe('dialling');
    expect(currentOf(after(dialled, { kind: 'ringing', id: 'a' }))?.phase).toBe('ringing');
    expect(currentOf(after(...talking))).toMatchObject({ phase: 'talking', answeredAt: 5000, startedAt: 1000 });
  });
  it('stays to be read when it is over, and then is forgotten', () => {
    const over = after(...talking, { kind: 'ended', id: 'a', reason: 'they', at: 9000 });
    expect(currentOf(over)).toMatchObject({ phase: 'ended', reason: 'they', endedAt: 9000 });
    expect(step(over, { kind: 'forget', id: 'a' })).toMatchObject({ calls: [], current: null });
  });
  it('is not changed by what comes after its end', () => {
    const over = after(dialled, { kind: 'ended', id: 'a', reason: 'busy', at: 2000 });
    expect(step(over, { kind: 'answered', id: 'a', at: 3000 })).toBe(over);
    expect(step(over, { kind: 'ended', id: 'a', reason: 'fault', at: 3000 })).toBe(over);
  });
  it('takes the place of one that is over', () => {
    const again = after(dialled, { kind: 'ended', id: 'a', reason: 'busy', at: 2000 }, { kind: 'dialled', id: 'b', party: bo, at: 3000 });
    expect(again.calls.map((call) => call.id)).toEqual(['b']);
  });
  it('does not go back to ringing once it is answered', () => {
    expect(currentOf(after(...talking, { kind: 'ringing', id: 'a' }))?.phase).toBe('talking');
  });
});

describe('a call that comes in', () => {
  it('rings and does not push itself in front', () => {
    const state = after(...talking, second);
    expect(state.current).toBe('a');
    expect(incomingOf(state).map((call) => call.id)).toEqual(['b']);
    expect(waitingOf(state)).toEqual([]);
  });
  it('is answered while another is held, and both can be swapped', () => {
    const state = after(...talking, second, { kind: 'held', id: 'a', held: true }, { kind: 'accepted', id: 'b' }, { kind: 'answered', id: 'b', at: 7000 });
    expect(currentOf(state)?.id).toBe('b');
    expect(waitingOf(state).map((call) => [call.id, call.held])).toEqual([['a', true]]);
    const swapped = [{ kind: 'held', id: 'b', held: true }, { kind: 'held', id: 'a', held: false }, { kind: 'front', id: 'a' }].reduce((now, event) => step(now, event as PhoneEvent), state);
    expect(currentOf(swapped)?.id).toBe('a');
    expect(waitingOf(swapped).map((call) => call.id)).toEqual(['b']);
  });
  it('that is never answered was missed and leaves the call in front alone', () => {
    const state = after(...talking, second, { kind: 'ended', id: 'b', reason: 'missed', at: 8000 });
    expect(state.current).toBe('a');
    expect(callOf(state, 'b')?.reason).toBe('missed');
  });
  it('told twice is one call', () => {
    expect(after(second, second).calls).toHaveLength(1);
  });
});

describe('the end of the call in front', () => {
  it('brings the one that waits to the front', () => {
    const state = after(...talking, second, { kind: 'held', id: 'a', held: true }, { kind: 'accepted', id: 'b' }, { kind: 'answered', id: 'b', at: 7000 }, { kind: 'ended', id: 'b', reason: 'they', at: 9000 });
    expect(currentOf(state)?.id).toBe('a');
  });
});

describe('handing over', () => {
  const asked: PhoneEvent[] = [...talking, { kind: 'held', id: 'a', held: true }, { kind: 'dialled', id: 'b', party: bo, at: 6000, asksFor: 'a' }, { kind: 'transfer', id: 'a', to: bo, asked: 'b' }];
  it('without asking is under way at once', () => {
    expect(currentOf(after(...talking, { kind: 'transfer', id: 'a', to: bo, asked: null }))?.transfer).toMatchObject({ state: 'passing', to: bo });
  });
  it('asks first, then passes on', () => {
    const state = after(...asked);
    expect(callOf(state, 'a')?.transfer?.state).toBe('asking');
    expect(currentOf(state)).toMatchObject({ id: 'b', asksFor: 'a' });
    expect(callOf(step(state, { kind: 'passing', id: 'a' }), 'a')?.transfer?.state).toBe('passing');
  });
  it('that is refused gives the call back and says so', () => {
    const state = after(...talking, { kind: 'transfer', id: 'a', to: bo, asked: null }, { kind: 'not_passed', id: 'a' });
    expect(currentOf(state)).toMatchObject({ phase: 'talking', transfer: null, transferFailed: true });
  });
  it('stays under way while both calls to the two end', () => {
    const state = after(...asked, { kind: 'passing', id: 'a' }, { kind: 'ended', id: 'b', reason: 'passed_on', at: 9000 });
    expect(currentOf(state)).toMatchObject({ id: 'a', transfer: { state: 'passing' } });
  });
  it('ends when the one who is asked hangs up, and the first call is in front again', () => {
    const state = after(...asked, { kind: 'ended', id: 'b', reason: 'they', at: 9000 });
    expect(currentOf(state)).toMatchObject({ id: 'a', transfer: null, held: true });
  });
});

describe('what is typed', () => {
  it('is dialled without what people write between the digits', () => {
    expect(dialable(' +46 (0)8-123 45 67 ')).toBe('+46081234567');
    expect(dialable('08 – 123/45')).toBe('0812345');
  });
  it('is a number or a name', () => {
    for (const text of ['1000', '*43', '#', '+46 8 123', '08-12 34']) expect(isNumber(text), text).toBe(true);
    for (const text of ['', 'anna', '12a', '1+2', '++1', '1'.repeat(33)]) expect(isNumber(text), text).toBe(false);
  });
});

describe('a refused call', () => {
  it('has a reason that people know', () => {
    expect([486, 480, 404, 403, 603, 488, 503].map(refusal)).toEqual(['busy', 'no_answer', 'unknown_number', 'not_allowed', 'declined', 'no_sound', 'fault']);
  });
});

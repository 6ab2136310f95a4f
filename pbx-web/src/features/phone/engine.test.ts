import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { currentOf, IDLE, incomingOf, type Party, type Reason } from './calls';
import { Engine } from './engine';
import type { Credential, Leg, LegHandlers, LineHandlers } from './line';
import { NoMicrophone } from './media';
import { mirror, phone } from './store';

vi.mock('./tones', () => ({ ring: () => () => undefined, knock: () => () => undefined, ringBack: () => () => undefined }));

const CREDENTIAL: Credential = { device: 'd', extension: { id: 'e', number: '1000', name: 'Anna' }, realm: 'pbx.test', username: 'u', password: 'p', websocket: '/sip', names_addresses: false, display_name: 'Anna', expires_at: '2030-01-01T00:00:00Z' };

/** A call without a network: remembers what it was told, and says what the test lets it say. */
class FakeLeg implements Leg {
  handlers: LegHandlers | null = null;
  told: string[] = [];
  passes = true;
  /** How often it was given a microphone. */
  spoken = 0;

  constructor(
    readonly id: string,
    readonly party: Party,
  ) {}

  private say(what: string): Promise<void> {
    this.told.push(what);
    return Promise.resolve();
  }
  answer = () => this.say('answer');
  decline = () => this.say('decline');
  hangUp = () => this.say('hang up');
  hold = (on: boolean) => this.say(on ? 'hold' : 'resume');
  mute = (on: boolean) => void this.say(on ? 'mute' : 'unmute');
  speakThrough = () => {
    this.spoken += 1;
    return Promise.resolve();
  };
  key = (key: string) => void this.say(`key ${key}`);
  passTo = async (to: string | Leg) => {
    await this.say(`pass to ${typeof to === 'string' ? to : to.id}`);
    return this.passes;
  };
  stats = () => Promise.reject(new Error('no network'));
  answered = () => this.handlers?.onAnswered();
  ended = (reason: Reason) => this.handlers?.onEnded(reason);
}

const stream = () => ({ getTracks: () => [] }) as unknown as MediaStream;

let handlers: LineHandlers;
let legs: FakeLeg[];
let engine: Engine;
let lines: number;
let closed: number;
let retired: number;
let microphone: () => Promise<MediaStream>;
let allowed: boolean;
let credential: () => Promise<Credential | null>;

beforeEach(() => {
  vi.useFakeTimers();
  mirror(IDLE);
  [legs, lines, closed, retired] = [[], 0, 0, 0];
  microphone = () => Promise.resolve(stream());
  allowed = true;
  credential = () => Promise.resolve(CREDENTIAL);
  engine = new Engine({
    open: () =>
      Promise.resolve((_, given) => {
        handlers = given;
        lines += 1;
        return {
          ready: true,
          prepare: () => undefined,
          call: (number: string) => {
            const leg = new FakeLeg(`out ${legs.length}`, { number, name: null });
            legs.push(leg);
            return Promise.resolve(leg);
          },
          retire: () => {
            retired += 1;
          },
          close: () => {
            closed += 1;
            return Promise.resolve();
          },
        };
      }),
    credential: () => credential(),
    microphone: () => microphone(),
    allowed: () => allowed,
    nameOf: (number) => Promise.resolve(number === '1001' ? 'Bo' : null),
    now: () => Date.parse('2029-12-31T12:00:00Z'),
  });
});
afterEach(async () => {
  await engine.stop();
  vi.useRealTimers();
});

const started = async () => {
  engine.start();
  await vi.advanceTimersByTimeAsync(0);
  handlers.onReady();
};
const incoming = (id: string): FakeLeg => {
  const leg = new FakeLeg(id, { number: '1002', name: 'Cia' });
  legs.push(leg);
  handlers.onIncoming(leg);
  return leg;
};
const dialled = async (number: string): Promise<FakeLeg> => {
  await engine.command({ do: 'dial', number, name: null });
  const leg = legs.at(-1);
  if (!leg) throw new Error('nothing was dialled');
  return leg;
};
/** How often the microphone was opened, and how many are open. */
const countedMicrophone = () => {
  let [opened, open] = [0, 0];
  microphone = () => {
    opened += 1;
    open += 1;
    return Promise.resolve({ getTracks: () => [{ stop: () => (open -= 1) }] } as unknown as MediaStream);
  };
  return { opened: () => opened, open: () => open };
};

describe('the phone', () => {
  it('is ready once its line is', async () => {
    await started();
    expect(phone().line).toBe('ready');
    handlers.onLost();
    expect(phone().line).toBe('lost');
  });
  it('gets a new credential when the old one is no longer taken', async () => {
    await started();
    handlers.onRefused();
    await vi.advanceTimersByTimeAsync(2000);
    expect([lines, retired]).toEqual([2, 1]);
  });
  it('renews its credential before it ends, and keeps the line of a call until the call is over', async () => {
    await started();
    const leg = await dialled('1001');
    leg.answered();
    await vi.advanceTimersByTimeAsync(12 * 3_600_000);
    expect(lines).toBe(2);
    expect(currentOf(phone())?.phase).toBe('talking');
  });
  it('asks again and again while the server is away, and not when it says no', async () => {
    let asked = 0;
    credential = () => {
      asked += 1;
      return asked < 3 ? Promise.reject(new Error('away')) : Promise.resolve(null);
    };
    engine.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([asked, phone().line]).toEqual([3, 'refused']);
  });
  it('finds the name of who is dialled', async () => {
    await started();
    await dialled('1001');
    expect(currentOf(phone())?.party).toEqual({ number: '1001', name: 'Bo' });
  });
  it('calls nobody without a microphone, and says why', async () => {
    await started();
    allowed = false;
    microphone = () => Promise.reject(new NoMicrophone('refused'));
    await engine.command({ do: 'dial', number: '1001', name: null });
    expect([legs.length, phone().microphone]).toEqual([0, 'refused']);
  });
  it('calls before the microphone is open where it opens without a question, and speaks when it is', async () => {
    await started();
    let open: (stream: MediaStream) => void = () => undefined;
    microphone = () => new Promise((done) => (open = done));
    const leg = await dialled('1001');
    expect([leg.spoken, currentOf(phone())?.phase]).toEqual([0, 'dialling']);
    open(stream());
    await vi.advanceTimersByTimeAsync(0);
    expect(leg.spoken).toBe(1);
  });
  it('takes a call back whose microphone does not open after all', async () => {
    await started();
    microphone = () => Promise.reject(new NoMicrophone('busy'));
    const leg = await dialled('1001');
    await vi.advanceTimersByTimeAsync(0);
    expect([leg.told, phone().calls, phone().microphone]).toEqual([['hang up'], [], 'busy']);
  });
  it('hears who calls when the microphone does not open after all, and speaks through another', async () => {
    await started();
    const leg = incoming('in');
    microphone = () => Promise.reject(new NoMicrophone('missing'));
    await engine.command({ do: 'answer', id: leg.id });
    leg.answered();
    await vi.advanceTimersByTimeAsync(0);
    expect([leg.told, currentOf(phone())?.phase, phone().microphone]).toEqual([['answer'], 'talking', 'missing']);
    microphone = () => Promise.resolve(stream());
    await engine.command({ do: 'devices' });
    expect([leg.spoken, phone().microphone]).toEqual([1, null]);
  });
  it('goes on ringing when the microphone is refused at the answer', async () => {
    await started();
    const leg = incoming('in');
    allowed = false;
    microphone = () => Promise.reject(new NoMicrophone('refused'));
    await engine.command({ do: 'answer', id: leg.id });
    expect([leg.told, incomingOf(phone()).length]).toEqual([[], 1]);
  });
  it('opens the microphone once, while the key that answers is down', async () => {
    const { opened } = countedMicrophone();
    await started();
    const leg = incoming('in');
    await engine.command({ do: 'press', id: leg.id });
    expect(opened()).toBe(1);
    await engine.command({ do: 'answer', id: leg.id });
    await engine.command({ do: 'release', id: leg.id });
    await vi.advanceTimersByTimeAsync(0);
    expect([opened(), leg.spoken, leg.told]).toEqual([1, 1, ['answer']]);
  });
  it('closes the microphone again when the key was let go elsewhere, or the caller gave up', async () => {
    const { open } = countedMicrophone();
    await started();
    await engine.command({ do: 'press', id: incoming('let go').id });
    await engine.command({ do: 'release', id: 'let go' });
    await vi.advanceTimersByTimeAsync(0);
    expect(open()).toBe(0);
    const leg = incoming('given up');
    await engine.command({ do: 'press', id: leg.id });
    expect(open()).toBe(1);
    leg.ended('missed');
    await vi.advanceTimersByTimeAsync(0);
    expect(open()).toBe(0);
  });
  it('asks for the microphone at the answer and not before', async () => {
    allowed = false;
    const { opened } = countedMicrophone();
    await started();
    const leg = incoming('in');
    await engine.command({ do: 'press', id: leg.id });
    expect(opened()).toBe(0);
    await engine.command({ do: 'answer', id: leg.id });
    expect([opened(), leg.spoken]).toEqual([1, 1]);
  });
  it('holds the call in front before it answers another, and gives it back', async () => {
    await started();
    const first = await dialled('1001');
    first.answered();
    const second = incoming('in');
    await engine.command({ do: 'answer', id: 'in' });
    second.answered();
    expect(first.told).toEqual(['hold']);
    expect(second.told).toEqual(['answer']);
    await engine.command({ do: 'swap', id: first.id });
    expect([first.told.at(-1), second.told.at(-1), currentOf(phone())?.id]).toEqual(['resume', 'hold', first.id]);
  });
  it('hands a call over and lets go of it', async () => {
    await started();
    const leg = await dialled('1001');
    leg.answered();
    await engine.command({ do: 'pass', id: leg.id, number: '10 02', name: 'Cia' });
    expect(leg.told).toEqual(['pass to 1002', 'hang up']);
    expect(currentOf(phone())?.reason).toBe('passed_on');
  });
  it('keeps a call that nobody takes over', async () => {
    await started();
    const leg = await dialled('1001');
    leg.answered();
    leg.passes = false;
    await engine.command({ do: 'pass', id: leg.id, number: '1002', name: null });
    expect(currentOf(phone())).toMatchObject({ phase: 'talking', transfer: null, transferFailed: true });
  });
  it('asks first, then joins the two', async () => {
    await started();
    const first = await dialled('1001');
    first.answered();
    await engine.command({ do: 'ask', id: first.id, number: '1002', name: 'Cia' });
    const asked = legs.at(-1);
    asked?.answered();
    expect(first.told).toEqual(['hold']);
    await engine.command({ do: 'passAsked', id: first.id });
    expect(first.told).toEqual(['hold', `pass to ${asked?.id ?? ''}`, 'hang up']);
    expect(phone().calls.every((call) => call.reason === 'passed_on')).toBe(true);
  });
  it.each([0, 1])('calls both calls handed over when the server ends them, in whichever order', async (order) => {
    await started();
    const first = await dialled('1001');
    first.answered();
    await engine.command({ do: 'ask', id: first.id, number: '1002', name: 'Cia' });
    const asked = legs.at(-1);
    asked?.answered();
    first.passTo = () => {
      for (const leg of order === 0 ? [asked, first] : [first, asked]) leg?.ended('they');
      return Promise.resolve(true);
    };
    await engine.command({ do: 'passAsked', id: first.id });
    expect(phone().calls.map((call) => call.reason)).toEqual(['passed_on', 'passed_on']);
  });
  it('goes back to the one who waits', async () => {
    await started();
    const first = await dialled('1001');
    first.answered();
    await engine.command({ do: 'ask', id: first.id, number: '1002', name: 'Cia' });
    await engine.command({ do: 'takeBack', id: first.id });
    expect(first.told).toEqual(['hold', 'resume']);
    expect(currentOf(phone())).toMatchObject({ id: first.id, held: false, transfer: null });
  });
  it('takes the call that was offered to nobody else off the list, and keeps a missed one until it is seen', async () => {
    await started();
    incoming('one').ended('answered_elsewhere');
    incoming('two').ended('missed');
    expect(phone().calls.map((call) => call.id)).toEqual(['two']);
    await engine.command({ do: 'seen' });
    expect(phone().calls).toEqual([]);
  });
  it('hangs up everything when it stops', async () => {
    await started();
    (await dialled('1001')).answered();
    await engine.stop();
    expect([phone().line, closed, phone().calls.every((call) => call.phase === 'ended')]).toEqual(['off', 1, true]);
  });
});

/**
 * The phone itself: who calls whom, in one tab. Decides by `calls.ts`, speaks through a `Line`, and opens microphones
 * and loudspeakers. The interface only sends it commands.
 */
import type { Command } from './commands';
import { callOf, currentOf, dialable, incomingOf, isOurs, isUp, missedOf, type Party, type Reason } from './calls';
import type { Credential, Leg, LineHandle, OpenLine } from './line';
import { chosenDevices, Loudspeaker, NoMicrophone, stopStream } from './media';
import { pause, waitBefore } from './pause';
import { Judge, lookAt } from './quality';
import { dispatch, phone } from './store';
import { knock, ring, ringBack } from './tones';

/** Milliseconds before a credential ends at which a new one is fetched. */
const RENEW_BEFORE = 10 * 60_000;
/** Milliseconds that the end of a call is shown: a plain one, and one that needs reading. */
const SHOWN = 3500;
const SHOWN_LONG = 9000;
/** Milliseconds between looks at the sound. */
const LOOK_EVERY = 1000;

/** What the engine needs from outside; tests give their own. */
export interface Outside {
  open: () => Promise<OpenLine>;
  /** A credential for this browser; null: there is none for it, and asking again would not help. */
  credential: () => Promise<Credential | null>;
  microphone: () => Promise<MediaStream>;
  /** Whether the microphone opens without a question. */
  allowed: () => boolean;
  nameOf: (number: string) => Promise<string | null>;
  now: () => number;
}

interface Up {
  leg: Leg;
  microphone: MediaStream | null;
  speaker: Loudspeaker | null;
  early: boolean;
  /** It is being answered: once. */
  answering: boolean;
  judge: Judge;
}

export class Engine {
  private line: LineHandle | null = null;
  private end = new AbortController();
  private readonly up = new Map<string, Up>();
  private renewal: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setInterval> | undefined;
  /** The microphone of somebody who has the key that answers down. */
  private pressed: { id: string; opening: Promise<MediaStream | null> } | null = null;
  private tone: { kind: 'ring' | 'knock' | 'ringBack'; stop: () => void } | null = null;

  constructor(private readonly outside: Outside) {}

  /** Makes this browser a phone. */
  start(): void {
    void this.connect();
    this.looking = setInterval(() => void this.look(), LOOK_EVERY);
  }

  /** It is none any more. */
  async stop(): Promise<void> {
    this.end.abort();
    clearTimeout(this.renewal);
    clearInterval(this.looking);
    const { line } = this;
    this.line = null;
    for (const call of phone().calls.filter(isUp)) this.over(call.id, 'you');
    dispatch({ kind: 'line', line: 'off' });
    this.sounds();
    await line?.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.end = new AbortController();
    this.start();
  }

  /** Gets a credential and a line for it; a line that was there takes no more calls, and goes with its last one. */
  private async connect(): Promise<void> {
    const { signal } = this.end;
    if (!this.line) dispatch({ kind: 'line', line: 'connecting' });
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const [open, credential] = await Promise.all([this.outside.open(), this.outside.credential()]);
        if (this.end.signal !== signal || this.end.signal.aborted) return;
        if (!credential) {
          dispatch({ kind: 'line', line: 'refused' });
          return;
        }
        const before = this.line;
        const line = open(credential, {
          onReady: () => {
            if (this.line === line) dispatch({ kind: 'line', line: 'ready' });
          },
          onLost: () => {
            if (this.line === line) dispatch({ kind: 'line', line: 'lost' });
          },
          onRefused: () => {
            if (this.line !== line) return;
            dispatch({ kind: 'line', line: 'connecting' });
            void pause(waitBefore(1, Math.random()), signal).then(() => {
              if (this.line === line) void this.connect();
            });
          },
          onIncoming: (leg) => this.arrive(leg),
        });
        this.line = line;
        before?.retire();
        this.renewAt(Date.parse(credential.expires_at));
        return;
      } catch {
        dispatch({ kind: 'line', line: 'lost' });
        await pause(waitBefore(attempt, Math.random()), signal);
      }
    }
  }

  private renewAt(ends: number): void {
    clearTimeout(this.renewal);
    const wait = ends - this.outside.now() - RENEW_BEFORE;
    // A clock that is wrong must not ask without end; the server says when a credential is over.
    this.renewal = setTimeout(() => void this.connect(), Math.min(Math.max(wait, 60_000), 2 ** 31 - 1));
  }

  async command(command: Command): Promise<void> {
    switch (command.do) {
      case 'prepare':
        this.line?.prepare();
        break;
      case 'dial':
        await this.dial(command.number, command.name, { test: command.test ?? false });
        break;
      case 'press':
        this.press(command.id);
        break;
      case 'release':
        this.release(command.id);
        break;
      case 'answer':
        await this.answer(command.id);
        break;
      case 'decline':
        await this.up.get(command.id)?.leg.decline().catch(() => undefined);
        this.over(command.id, 'declined_by_you');
        break;
      case 'hangUp':
        await this.hangUp(command.id);
        break;
      case 'mute':
        this.up.get(command.id)?.leg.mute(command.on);
        dispatch({ kind: 'muted', id: command.id, muted: command.on });
        break;
      case 'hold':
        await this.hold(command.id, command.on);
        break;
      case 'swap':
        await this.bringForward(command.id);
        break;
      case 'key':
        this.up.get(command.id)?.leg.key(command.key);
        dispatch({ kind: 'key', id: command.id, key: command.key });
        break;
      case 'pass':
        await this.pass(command.id, { number: dialable(command.number), name: command.name });
        break;
      case 'ask':
        await this.ask(command.id, { number: dialable(command.number), name: command.name });
        break;
      case 'passAsked':
        await this.passAsked(command.id);
        break;
      case 'takeBack':
        await this.takeBack(command.id);
        break;
      case 'forget':
        dispatch({ kind: 'forget', id: command.id });
        break;
      case 'seen':
        for (const call of missedOf(phone())) dispatch({ kind: 'forget', id: call.id });
        break;
      case 'microphone':
        dispatch({ kind: 'microphone', problem: command.problem });
        break;
      case 'devices':
        await this.changeDevices();
        break;
      case 'restart':
        await this.restart();
        break;
      case 'reconnect':
        if (phone().line === 'refused') await this.connect();
        break;
    }
    this.sounds();
  }

  private async microphone(): Promise<MediaStream | null> {
    try {
      const stream = await this.outside.microphone();
      dispatch({ kind: 'microphone', problem: null });
      return stream;
    } catch (error) {
      dispatch({ kind: 'microphone', problem: error instanceof NoMicrophone ? error.problem : 'fault' });
      return null;
    }
  }

  /**
   * Lets a call speak. The microphone is opened by the key that calls or answers and never before: its light
   * surprises nobody. Where it opens without a question the messages of the call go first and do not wait for it;
   * otherwise it is `opened` before them.
   */
  private async speak(id: string, opened?: MediaStream): Promise<void> {
    const microphone = opened ?? (await (this.takePressed(id) ?? this.microphone()));
    const up = this.up.get(id);
    if (!up) stopStream(microphone);
    else if (microphone) {
      up.microphone = microphone;
      await up.leg.speakThrough(microphone).catch(() => undefined);
    }
    // Nobody is called by who cannot speak; who answered at least hears, and reads why.
    else if (callOf(phone(), id)?.way === 'out') {
      await this.hangUp(id);
      dispatch({ kind: 'forget', id });
    }
  }

  /** A key is down for a tenth of a second before it counts; microphones take as long to open. */
  private press(id: string): void {
    if (this.pressed?.id === id || callOf(phone(), id)?.phase !== 'incoming' || !this.outside.allowed()) return;
    if (this.pressed) this.release(this.pressed.id);
    this.pressed = { id, opening: this.microphone() };
  }

  private takePressed(id: string): Promise<MediaStream | null> | null {
    if (this.pressed?.id !== id) return null;
    const { opening } = this.pressed;
    this.pressed = null;
    return opening;
  }

  /** Closes what was opened, where nothing came of it. */
  private release(id: string): void {
    void this.takePressed(id)?.then(stopStream);
  }

  private async dial(text: string, name: string | null, { asksFor = null, test = false }: { asksFor?: string | null; test?: boolean } = {}): Promise<string | null> {
    const { line } = this;
    const number = dialable(text);
    if (!line || !number) return null;
    const opened = this.outside.allowed() ? undefined : await this.microphone();
    if (opened === null) return null;
    await this.quiet();
    const leg = await line.call(number);
    dispatch({ kind: 'dialled', id: leg.id, party: { number, name }, at: this.outside.now(), asksFor, test });
    this.follow(leg);
    void this.speak(leg.id, opened);
    if (!name) this.name(leg.id, number);
    this.sounds();
    return leg.id;
  }

  private arrive(leg: Leg): void {
    dispatch({ kind: 'incoming', id: leg.id, party: leg.party, at: this.outside.now() });
    this.follow(leg);
    if (!leg.party.name && leg.party.number) this.name(leg.id, leg.party.number);
    this.sounds();
  }

  private name(id: string, number: string): void {
    this.outside.nameOf(number).then(
      (name) => {
        if (name) dispatch({ kind: 'named', id, name });
      },
      () => undefined,
    );
  }

  private follow(leg: Leg): void {
    const { id } = leg;
    const up: Up = { leg, microphone: null, speaker: null, early: false, answering: false, judge: new Judge() };
    this.up.set(id, up);
    leg.handlers = {
      onRinging: (early) => {
        up.early ||= early;
        dispatch({ kind: 'ringing', id });
        this.sounds();
      },
      onAnswered: () => {
        up.judge = new Judge();
        dispatch({ kind: 'answered', id, at: this.outside.now() });
        this.sounds();
      },
      onHeld: (held) => dispatch({ kind: 'held_by_them', id, held }),
      onSound: (stream) => {
        up.speaker ??= new Loudspeaker(chosenDevices().speaker);
        void up.speaker.play(stream);
      },
      onPath: (state) => dispatch({ kind: 'trouble', id, trouble: state === 'up' ? null : state === 'broken' ? 'reconnecting' : 'no_path' }),
      onEnded: (reason) => this.over(id, reason),
    };
  }

  /** A call is over, at whichever side it ended. */
  private over(id: string, reason: Reason): void {
    const up = this.up.get(id);
    this.up.delete(id);
    this.release(id);
    stopStream(up?.microphone ?? null);
    up?.speaker?.stop();
    const call = callOf(phone(), id);
    if (!call || !isUp(call)) return;
    // The server ends both calls of a hand-over, in whichever order.
    const first = callOf(phone(), call.asksFor);
    const handed = call.transfer?.state === 'passing' || first?.transfer?.state === 'passing' || first?.reason === 'passed_on';
    const why: Reason = handed && (reason === 'they' || reason === 'you') ? 'passed_on' : reason;
    dispatch({ kind: 'ended', id, reason: why, at: this.outside.now() });
    this.sounds();
    if (why === 'missed') return;
    if (call.phase === 'incoming') dispatch({ kind: 'forget', id });
    else setTimeout(() => dispatch({ kind: 'forget', id }), why === 'you' || why === 'they' || why === 'passed_on' ? SHOWN : SHOWN_LONG);
  }

  private async answer(id: string): Promise<void> {
    const up = this.up.get(id);
    if (!up || up.answering || callOf(phone(), id)?.phase !== 'incoming') return;
    const opened = this.outside.allowed() ? undefined : await this.microphone();
    if (opened === null) return;
    // The caller may have lost patience while the browser asked.
    if (this.up.get(id) !== up) {
      stopStream(opened ?? null);
      return;
    }
    up.answering = true;
    await this.quiet();
    const answered = up.leg.answer().catch(() => this.over(id, 'fault'));
    void this.speak(id, opened);
    // What is ready goes before the picture of it; what is not is waited for in the picture.
    await Promise.race([answered, new Promise((later) => setTimeout(later))]);
    dispatch({ kind: 'accepted', id });
    this.sounds();
  }

  private async hangUp(id: string): Promise<void> {
    const call = callOf(phone(), id);
    await this.up.get(id)?.leg.hangUp().catch(() => undefined);
    this.over(id, 'you');
    // Whoever asked for somebody else goes on with the one who waits.
    if (call?.asksFor) await this.hold(call.asksFor, false);
  }

  private async hold(id: string, on: boolean): Promise<void> {
    const call = callOf(phone(), id);
    if (call?.phase !== 'talking' || call.held === on) return;
    if (!on) await this.quiet(id);
    try {
      await this.up.get(id)?.leg.hold(on);
      dispatch({ kind: 'held', id, held: on });
    } catch {
      // It stays as it was, and looks so.
    }
  }

  /** Puts on hold whatever is being talked in, but this one: nobody overhears another's talk. */
  private async quiet(but?: string): Promise<void> {
    for (const call of phone().calls) {
      if (call.id === but || !isOurs(call) || call.held) continue;
      if (call.phase === 'talking') await this.hold(call.id, true);
      // What is not answered yet cannot wait.
      else await this.hangUp(call.id);
    }
  }

  private async bringForward(id: string): Promise<void> {
    await this.quiet(id);
    await this.hold(id, false);
    dispatch({ kind: 'front', id });
  }

  private async pass(id: string, to: Party): Promise<void> {
    const up = this.up.get(id);
    if (!up || !to.number) return;
    dispatch({ kind: 'transfer', id, to, asked: null });
    await this.handOver(up, to.number);
  }

  private async handOver(up: Up, to: string | Leg): Promise<void> {
    const { id } = up.leg;
    if (await up.leg.passTo(to)) {
      const asked = typeof to === 'string' ? null : to;
      await up.leg.hangUp().catch(() => undefined);
      if (asked) {
        await asked.hangUp().catch(() => undefined);
        this.over(asked.id, 'passed_on');
      }
      this.over(id, 'passed_on');
    } else dispatch({ kind: 'not_passed', id });
  }

  private async ask(id: string, to: Party): Promise<void> {
    if (!this.up.has(id)) return;
    await this.hold(id, true);
    const asked = await this.dial(to.number, to.name, { asksFor: id });
    if (asked) dispatch({ kind: 'transfer', id, to: callOf(phone(), asked)?.party ?? to, asked });
  }

  /** `id`: the call that is handed over. */
  private async passAsked(id: string): Promise<void> {
    const call = callOf(phone(), id);
    const up = this.up.get(id);
    const asked = call?.transfer?.asked ?? null;
    const to = asked ? this.up.get(asked) : undefined;
    if (!up || !call?.transfer || !to || !asked) return;
    const { number } = call.transfer.to;
    if (callOf(phone(), asked)?.phase === 'talking') {
      dispatch({ kind: 'passing', id });
      await this.handOver(up, to.leg);
      return;
    }
    // It still rings there: it goes on ringing for the one who is handed over.
    await to.leg.hangUp().catch(() => undefined);
    this.over(asked, 'you');
    await this.pass(id, { number, name: call.transfer.to.name });
  }

  private async takeBack(id: string): Promise<void> {
    const asked = callOf(phone(), id)?.transfer?.asked;
    dispatch({ kind: 'transfer_given_up', id });
    if (asked) {
      await this.up.get(asked)?.leg.hangUp().catch(() => undefined);
      this.over(asked, 'you');
    }
    await this.hold(id, false);
    dispatch({ kind: 'front', id });
  }

  private async changeDevices(): Promise<void> {
    for (const [id, up] of this.up) {
      await up.speaker?.through(chosenDevices().speaker);
      const call = callOf(phone(), id);
      if (!call || !isOurs(call)) continue;
      const microphone = await this.microphone();
      if (!microphone) return;
      await up.leg.speakThrough(microphone);
      stopStream(up.microphone);
      up.microphone = microphone;
    }
    const { tone } = this;
    if (tone) {
      tone.stop();
      this.tone = null;
    }
  }

  private async look(): Promise<void> {
    for (const [id, up] of this.up) {
      const call = callOf(phone(), id);
      if (call?.phase !== 'talking') continue;
      const report = await up.leg.stats().catch(() => null);
      const seen = report && lookAt(report, this.outside.now());
      const now = callOf(phone(), id);
      if (!seen || now?.phase !== 'talking') continue;
      const { sound, trouble } = up.judge.judge(seen, { quiet: now.held || now.heldByThem, muted: now.muted || now.held });
      dispatch({ kind: 'sound', id, sound });
      // What the network says of its way weighs more.
      if (now.trouble !== 'no_path' && now.trouble !== 'reconnecting') dispatch({ kind: 'trouble', id, trouble });
    }
  }

  /** Plays what the state asks for, and stops what it does not. */
  private sounds(): void {
    const state = phone();
    const front = currentOf(state);
    const inTalk = state.calls.some((call) => isOurs(call));
    const waits = front?.phase === 'ringing' && !this.up.get(front.id)?.early;
    const wanted = incomingOf(state).length > 0 ? (inTalk ? 'knock' : 'ring') : waits ? 'ringBack' : null;
    if (this.tone?.kind === wanted) return;
    this.tone?.stop();
    this.tone = null;
    try {
      if (wanted) this.tone = { kind: wanted, stop: { ring, knock, ringBack }[wanted]() };
    } catch {
      // A browser without sound still shows the call.
    }
  }

  /** The page is about to go: what can still be said is said. */
  farewell(): void {
    for (const { leg } of this.up.values()) void leg.hangUp().catch(() => undefined);
    void this.line?.close();
  }

  get busy(): boolean {
    return phone().calls.some(isOurs);
  }
}

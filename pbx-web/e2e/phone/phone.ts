import { createSocket, type Socket } from 'node:dgram';
import { all, one, parse, proof, status, target, token, type Message } from './message';
import { Sound } from './sound';

/** Milliseconds until what has not come is missed. */
const PATIENCE = 15_000;

interface Login {
  username: string;
  password: string;
  realm: string;
}

/** Something that is waited for. */
class Awaited<T> {
  settle: (value: T) => void = () => undefined;
  readonly value = new Promise<T>((done) => {
    this.settle = done;
  });

  get(what: string): Promise<T> {
    let late: NodeJS.Timeout | undefined;
    return Promise.race([
      this.value,
      new Promise<never>((_, failed) => {
        late = setTimeout(() => failed(new Error(`${what} did not come`)), PATIENCE);
      }),
    ]).finally(() => clearTimeout(late));
  }
}

/** One call at one phone. */
export class Call {
  readonly ringing = new Awaited<void>();
  readonly answered = new Awaited<void>();
  /** How it ended: `BYE`, `CANCEL`, or the answer that refused it, such as `486`. */
  readonly over = new Awaited<string>();
  sequence = 1;
  remote = '';
  /** Our side and theirs, as in From and To, with tags. */
  us = '';
  them = '';
  invite: Message | undefined;

  constructor(
    readonly phone: Phone,
    readonly id: string,
    readonly sound: Sound,
    readonly incoming: boolean,
  ) {
    void this.over.value.then(() => sound.close());
  }

  isRinging = (): Promise<void> => this.ringing.get('ringing');
  isAnswered = (): Promise<void> => this.answered.get('the answer');
  ended = (): Promise<string> => this.over.get('the end of the call');

  answer(): void {
    if (!this.invite) return;
    this.phone.reply(this.invite, 200, 'OK', this.us, this.sound.offer());
    this.sound.sendTo(this.invite.body);
    this.answered.settle();
  }

  /** Speaks before it answers, as a switchboard does that tells of the wait. */
  speakEarly(): void {
    if (!this.invite) return;
    this.phone.reply(this.invite, 183, 'Session Progress', this.us, this.sound.offer());
    this.sound.sendTo(this.invite.body);
  }

  refuse(code = 486, reason = 'Busy Here'): void {
    if (this.invite) this.phone.reply(this.invite, code, reason, this.us);
    this.over.settle(String(code));
  }

  async hangUp(): Promise<void> {
    this.sequence += 1;
    await this.phone.ask('BYE', this.remote, { from: this.us, to: this.them, call: this.id, sequence: this.sequence });
    this.over.settle('BYE');
  }

  /** The caller loses patience before anybody answers. */
  async cancel(): Promise<void> {
    await this.phone.cancel(this);
    await this.ended();
  }
}

/** A telephone that speaks just enough SIP over UDP: it registers, calls, is called and hangs up. */
export class Phone {
  private readonly calls = new Map<string, Call>();
  private readonly waiting = new Map<string, (answer: Message) => void>();
  private readonly said = new Map<string, Buffer>();
  private readonly arrivals: Call[] = [];
  private onArrival: (() => void) | undefined;
  private readonly callId = token();
  private readonly tag = token();
  private registers = 0;
  private readonly branches = new Map<string, { branch: string; uri: string; sequence: number }>();

  private constructor(
    private readonly socket: Socket,
    private readonly server: { host: string; port: number },
    private readonly login: Login,
    private readonly name: string,
  ) {
    socket.on('message', (packet) => void this.hear(parse(packet.toString())));
  }

  static async start(server: { host: string; port: number }, login: Login, name: string): Promise<Phone> {
    const socket = createSocket('udp4');
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
    return new Phone(socket, server, login, name);
  }

  private get contact(): string {
    return `<sip:${this.login.username}@127.0.0.1:${this.socket.address().port}>`;
  }

  private get identity(): string {
    return `<sip:${this.login.username}@${this.login.realm}>;tag=${this.tag}`;
  }

  /** Registers, or with 0 seconds takes the registration back; gives the answer's code. */
  async register(seconds = 300): Promise<number> {
    const to = `<sip:${this.login.username}@${this.login.realm}>`;
    this.registers += 2;
    const answer = await this.prove('REGISTER', `sip:${this.login.realm}`, { from: this.identity, to, call: this.callId, sequence: this.registers }, [
      ['Contact', this.contact],
      ['Expires', String(seconds)],
    ]);
    return status(answer);
  }

  /** Registers as soon as the exchange knows the phone: what was made in the portal reaches it a moment later. */
  async connect(): Promise<void> {
    const late = Date.now() + PATIENCE;
    for (let wait = 100; (await this.register()) !== 200; wait *= 2) {
      if (Date.now() > late) throw new Error(`${this.name} is not let in`);
      await new Promise((again) => setTimeout(again, wait));
    }
  }

  async dial(number: string): Promise<Call> {
    const call = new Call(this, token(), await Sound.open(), false);
    this.calls.set(call.id, call);
    call.us = `<sip:${this.login.username}@${this.login.realm}>;tag=${token()}`;
    const uri = `sip:${number}@${this.login.realm}`;
    call.remote = uri;
    call.them = `<${uri}>`;
    call.sequence = 2;
    void this.prove('INVITE', uri, { from: call.us, to: call.them, call: call.id, sequence: 1 }, [['Contact', this.contact]], call.sound.offer(), (progress) => {
      if (status(progress) >= 180) call.ringing.settle();
    }).then((answer) => {
      const code = status(answer);
      if (code < 300) {
        call.them = one(answer, 'to');
        call.remote = target(one(answer, 'contact'));
        call.sound.sendTo(answer.body);
        call.answered.settle();
      } else call.over.settle(String(code));
    });
    return call;
  }

  /** The next call that comes in. */
  async called(): Promise<Call> {
    if (this.arrivals.length === 0) {
      const came = new Awaited<void>();
      this.onArrival = () => came.settle();
      await came.get(`a call to ${this.name}`);
    }
    const call = this.arrivals.shift();
    if (!call) throw new Error('no call');
    return call;
  }

  async cancel(call: Call): Promise<void> {
    const invite = this.branches.get(call.id);
    if (invite) await this.ask('CANCEL', invite.uri, { from: call.us, to: call.them, call: call.id, sequence: invite.sequence }, [], '', undefined, invite.branch);
  }

  async close(): Promise<void> {
    await this.register(0).catch(() => undefined);
    this.calls.forEach((call) => call.over.settle('closed'));
    this.socket.close();
  }

  /** Asks, and once more with proof when it is wanted. */
  private async prove(method: string, uri: string, who: { from: string; to: string; call: string; sequence: number }, extra: [string, string][], body = '', onProgress?: (answer: Message) => void): Promise<Message> {
    const first = await this.ask(method, uri, who, extra, body, onProgress);
    if (![401, 407].includes(status(first))) return first;
    return this.ask(method, uri, { ...who, sequence: who.sequence + 1 }, [...extra, proof(first, method, uri, this.login)], body, onProgress);
  }

  async ask(method: string, uri: string, who: { from: string; to: string; call: string; sequence: number }, extra: [string, string][] = [], body = '', onProgress?: (answer: Message) => void, branch = `z9hG4bK${token()}`): Promise<Message> {
    if (method === 'INVITE') this.branches.set(who.call, { branch, uri, sequence: who.sequence });
    const answered = new Awaited<Message>();
    const key = `${branch} ${method}`;
    this.waiting.set(key, (answer) => {
      if (status(answer) < 200) onProgress?.(answer);
      else {
        if (method === 'INVITE') this.acknowledge(answer, uri, who, branch);
        answered.settle(answer);
      }
    });
    this.send([`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${this.socket.address().port};branch=${branch};rport`, 'Max-Forwards: 70', `From: ${who.from}`, `To: ${who.to}`, `Call-ID: ${who.call}`, `CSeq: ${who.sequence} ${method}`, `User-Agent: ${this.name}`, ...extra.map(([name, value]) => `${name}: ${value}`)], body);
    // An invitation may ring for long.
    return method === 'INVITE' ? answered.value : answered.get(`an answer to ${method}`);
  }

  private acknowledge(answer: Message, uri: string, who: { from: string; call: string; sequence: number }, branch: string): void {
    const good = status(answer) < 300;
    this.send([`ACK ${good ? target(one(answer, 'contact')) : uri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${this.socket.address().port};branch=${good ? `z9hG4bK${token()}` : branch};rport`, 'Max-Forwards: 70', `From: ${who.from}`, `To: ${one(answer, 'to')}`, `Call-ID: ${who.call}`, `CSeq: ${who.sequence} ACK`]);
  }

  reply(request: Message, code: number, reason: string, to: string, body = ''): void {
    const lines = [`SIP/2.0 ${code} ${reason}`, ...all(request, 'via').map((via) => `Via: ${via}`), ...all(request, 'record-route').map((route) => `Record-Route: ${route}`), `From: ${one(request, 'from')}`, `To: ${to}`, `Call-ID: ${one(request, 'call-id')}`, `CSeq: ${one(request, 'cseq')}`, `Contact: ${this.contact}`, `User-Agent: ${this.name}`];
    this.said.set(`${one(request, 'via')} ${one(request, 'cseq')}`, this.send(lines, body));
  }

  private send(lines: string[], body = ''): Buffer {
    const packet = Buffer.from([...lines, ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
    this.socket.send(packet, this.server.port, this.server.host);
    return packet;
  }

  private async hear(message: Message): Promise<void> {
    const [sequence = '', method = ''] = one(message, 'cseq').split(' ');
    if (status(message) > 0) {
      const branch = /branch=([^;,\s]+)/.exec(one(message, 'via'))?.[1] ?? '';
      this.waiting.get(`${branch} ${method}`)?.(message);
      return;
    }
    const before = this.said.get(`${one(message, 'via')} ${one(message, 'cseq')}`);
    if (before) this.socket.send(before, this.server.port, this.server.host);
    if (before || method === 'ACK') return;
    const call = this.calls.get(one(message, 'call-id'));
    if (method === 'INVITE' && !call) await this.arrive(message);
    else if (method === 'INVITE' && call) this.reply(message, 200, 'OK', one(message, 'to'), call.sound.offer());
    else if (method === 'BYE' || method === 'CANCEL') {
      this.reply(message, 200, 'OK', one(message, 'to'));
      if (method === 'CANCEL' && call?.invite && one(call.invite, 'cseq').startsWith(`${sequence} `)) this.reply(call.invite, 487, 'Request Terminated', call.us);
      call?.over.settle(method);
    } else this.reply(message, 200, 'OK', one(message, 'to'));
  }

  private async arrive(invite: Message): Promise<void> {
    const id = one(invite, 'call-id');
    const opening = Sound.open();
    // Known at once, so that the same invitation sent again is not a second call.
    this.said.set(`${one(invite, 'via')} ${one(invite, 'cseq')}`, Buffer.from(''));
    const call = new Call(this, id, await opening, true);
    this.calls.set(id, call);
    call.invite = invite;
    call.us = `${one(invite, 'to')};tag=${token()}`;
    call.them = one(invite, 'from');
    call.remote = target(one(invite, 'contact'));
    this.reply(invite, 180, 'Ringing', call.us);
    call.ringing.settle();
    this.arrivals.push(call);
    this.onArrival?.();
  }
}

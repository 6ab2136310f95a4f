/** Calls over a WebSocket to this host, with SIP.js. The only file that knows the protocol; loaded when a phone starts. */
import { UserAgentState, Invitation, Inviter, Registerer, RegistererState, SessionState, TransportState, URI, UserAgent, type Notification, type Session } from 'sip.js';
import { refusal, type Party, type Reason } from './calls';
import type { Credential, Leg, LegHandlers, LineHandle, LineHandlers, OpenLine } from './line';
import { pause, waitBefore } from './pause';
import { CallSound, type SoundOptions } from './sound';

/** Seconds that a registration lasts; it is renewed well before. */
const REGISTERED_FOR = 300;
/** Milliseconds between two signs of life on a silent connection, and until one is missed. */
const ALIVE_EVERY = 15_000;
const ALIVE_WITHIN = 6000;
/** Milliseconds until what does not connect is given up. */
const CONNECT_WITHIN = 8000;
/** Milliseconds that a call rings before its sound is made ready: it is shown and heard first, and nobody answers sooner. */
const WARM_AFTER = 60;
/** Milliseconds after which a sound that was made ready for a call is let go, when nobody called. */
const READY_FOR = 60_000;

/** Milliseconds that signing off may take. */
const SIGN_OFF_WITHIN = 1000;

/** What is used of the library's connection, its own farewell included. */
interface WebTransport {
  readonly ws: WebSocket | undefined;
  readonly state: TransportState;
  send: (message: string) => Promise<void>;
  disconnect: () => Promise<void>;
  onWebSocketClose: (event: { code: number }, socket: WebSocket) => void;
}

export const openLine: OpenLine = (credential, handlers) => new SipLine(credential, handlers);

class SipLine implements LineHandle {
  ready = false;
  private readonly ua: UserAgent;
  private readonly end = new AbortController();
  private readonly legs = new Set<SipLeg>();
  private readonly sounds = new WeakMap<Session, CallSound>();
  /** Ready for the next call of ours. */
  private spare: CallSound | null = null;
  private spareEnds: ReturnType<typeof setTimeout> | undefined;
  private registerer: Registerer | null = null;
  private retired = false;
  private lost: (() => void) | null = null;
  private heardAt = 0;
  private refusedLater = false;
  private leaving = false;

  constructor(
    readonly credential: Credential,
    private readonly handlers: LineHandlers,
  ) {
    this.ua = new UserAgent({
      uri: new URI('sip', credential.username, credential.realm),
      displayName: credential.display_name,
      authorizationUsername: credential.username,
      authorizationPassword: credential.password,
      userAgentString: `Voxera ${browserName()}`,
      logBuiltinEnabled: false,
      reconnectionAttempts: 0,
      gracefulShutdown: false,
      transportOptions: { server: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${credential.websocket}`, connectionTimeout: CONNECT_WITHIN / 1000 },
      sessionDescriptionHandlerFactory: (session) => this.sounds.get(session) ?? this.newSound(),
      delegate: {
        onInvite: (invitation) => this.arrive(invitation),
        onDisconnect: () => this.lost?.(),
      },
    });
    void this.run();
  }

  private newSound(): CallSound {
    return new CallSound(this.credential.names_addresses);
  }

  /** Connects, registers, and does both again for as long as the line is wanted. */
  private async run(): Promise<void> {
    const { signal } = this.end;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const broken = new Promise<void>((resolve) => {
        this.lost = resolve;
      });
      try {
        await (this.ua.state === UserAgentState.Started ? this.ua.reconnect() : this.ua.start());
        const outcome = await this.register();
        if (outcome === 'refused') {
          this.handlers.onRefused();
          return;
        }
        if (outcome === 'registered') {
          attempt = 0;
          this.ready = true;
          this.handlers.onReady();
          for (const leg of this.legs) leg.reconnected();
          await Promise.race([broken, this.watch()]);
          if (this.refusedLater) {
            this.handlers.onRefused();
            return;
          }
        } else await this.hangDown();
      } catch {
        // Not connected; the next attempt follows.
      }
      if (ended(signal)) return;
      if (this.ready || attempt === 0) {
        this.ready = false;
        this.handlers.onLost();
        for (const leg of this.legs) leg.cutOff();
      }
      await pause(waitBefore(attempt, Math.random()), signal);
    }
  }

  private register(): Promise<'registered' | 'refused' | 'failed'> {
    return new Promise((resolve) => {
      // A new one each time: the old one may wait for an answer that a broken connection swallowed.
      const registerer = new Registerer(this.ua, { expires: REGISTERED_FOR, refreshFrequency: 75 });
      this.registerer = registerer;
      let settled = false;
      const settle = (outcome: 'registered' | 'refused' | 'failed') => {
        settled = true;
        resolve(outcome);
      };
      registerer.stateChange.addListener((state) => {
        if (this.registerer !== registerer) return;
        if (state === RegistererState.Registered && !settled) settle('registered');
        // A renewal that is not taken: the credential is over.
        if (state === RegistererState.Unregistered && settled && !this.leaving && !this.end.signal.aborted) {
          this.refusedLater = true;
          this.lost?.();
        }
      });
      registerer
        .register({
          requestDelegate: {
            onReject: ({ message }) => settle([401, 403, 404, 407].includes(message.statusCode ?? 0) ? 'refused' : 'failed'),
          },
        })
        .catch(() => settle('failed'));
      void pause(CONNECT_WITHIN, this.end.signal).then(() => {
        if (!settled) settle('failed');
      });
    });
  }

  private get transport(): WebTransport {
    return this.ua.transport as unknown as WebTransport;
  }

  /** Ends when the connection shows no sign of life. */
  private async watch(): Promise<void> {
    const { signal } = this.end;
    const { transport } = this;
    const socket = transport.ws;
    const heard = () => {
      this.heardAt = Date.now();
    };
    heard();
    socket?.addEventListener('message', heard);
    while (!signal.aborted && transport.ws === socket && transport.state === TransportState.Connected) {
      await pause(ALIVE_EVERY, signal);
      if (transport.ws !== socket) return;
      const asked = Date.now();
      await transport.send('\r\n\r\n').catch(() => undefined);
      await pause(ALIVE_WITHIN, signal);
      if (this.heardAt < asked && transport.ws === socket) {
        await this.hangDown();
        return;
      }
    }
  }

  /** Drops the connection at once: a browser waits long for the farewell of a server that is gone. */
  private async hangDown(): Promise<void> {
    const { transport } = this;
    if (transport.state === TransportState.Disconnected) return;
    const gone = transport.disconnect().catch(() => undefined);
    const { ws } = transport;
    if (ws) transport.onWebSocketClose({ code: 1006 }, ws);
    await gone;
  }

  private arrive(invitation: Invitation): void {
    if (this.retired) {
      void invitation.reject({ statusCode: 480 });
      return;
    }
    const { uri, displayName } = invitation.remoteIdentity;
    const number = uri.user && uri.user !== 'anonymous' ? uri.user : '';
    const leg = this.adopt(invitation, { number, name: displayName && displayName !== number && number ? displayName : null }, this.newSound());
    this.handlers.onIncoming(leg);
    void leg.warm(invitation).catch(() => undefined);
  }

  private adopt(session: Session, party: Party, sound: CallSound): SipLeg {
    this.sounds.set(session, sound);
    const leg: SipLeg = new SipLeg(session, party, sound, () => {
      this.legs.delete(leg);
      if (this.retired && this.legs.size === 0) void this.close();
    });
    this.legs.add(leg);
    return leg;
  }

  prepare(): void {
    if (!this.spare) {
      this.spare = this.newSound();
      this.spare.prepareOffer();
    }
    clearTimeout(this.spareEnds);
    this.spareEnds = setTimeout(() => this.takeSpare()?.close(), READY_FOR);
  }

  private takeSpare(): CallSound | null {
    const { spare } = this;
    this.spare = null;
    clearTimeout(this.spareEnds);
    return spare;
  }

  async call(number: string): Promise<Leg> {
    const inviter = new Inviter(this.ua, new URI('sip', number, this.credential.realm), { earlyMedia: true });
    const leg = this.adopt(inviter, { number, name: null }, this.takeSpare() ?? this.newSound());
    await leg.invite(inviter);
    return leg;
  }

  private signedOff(): Promise<void> {
    return new Promise((resolve) => {
      this.registerer?.unregister({ requestDelegate: { onAccept: () => resolve(), onReject: () => resolve() } }).catch(() => resolve());
    });
  }

  retire(): void {
    this.retired = true;
    if (this.legs.size === 0) void this.close();
  }

  async close(): Promise<void> {
    if (this.leaving) return;
    this.leaving = true;
    this.takeSpare()?.close();
    for (const leg of [...this.legs]) void leg.hangUp().catch(() => undefined);
    // A server that is gone is not waited for.
    if (this.ready) await Promise.race([this.signedOff(), pause(SIGN_OFF_WITHIN, this.end.signal)]);
    this.end.abort();
    this.ready = false;
    await this.ua.stop().catch(() => undefined);
  }
}

class SipLeg implements Leg {
  readonly id: string;
  handlers: LegHandlers | null = null;
  private reason: Reason | null = null;
  private held = false;
  private broken = false;
  private pathFailed = false;

  constructor(
    private readonly session: Session,
    readonly party: Party,
    private readonly sound: CallSound,
    private readonly onOver: () => void,
  ) {
    this.id = session.id;
    session.delegate = {
      onBye: () => {
        this.reason ??= 'they';
      },
      onCancel: (cancel) => {
        const why = cancel.request.getHeader('reason') ?? '';
        this.reason ??= /cause=200|elsewhere/i.test(why) ? 'answered_elsewhere' : 'missed';
      },
      onInvite: (request) => {
        this.handlers?.onHeld(/^a=(sendonly|inactive)\s*$/m.test(request.body));
      },
    };
    sound.connection.addEventListener('connectionstatechange', () => this.path());
    session.stateChange.addListener((state) => {
      if (state === SessionState.Established) {
        this.handlers?.onAnswered();
        this.handlers?.onSound(sound.heard);
        this.path();
      }
      if (state === SessionState.Terminated) {
        // The library closes only what it has asked for.
        sound.close();
        this.onOver();
        // The answer that refused a call is told just after its end.
        queueMicrotask(() => this.handlers?.onEnded(this.reason ?? (session instanceof Invitation ? 'missed' : 'fault')));
      }
    });
  }

  async invite(inviter: Inviter): Promise<void> {
    await inviter
      .invite({
        requestDelegate: {
          onProgress: ({ message }) => {
            // The way of the sound is told while it rings as well; only what is said to be early is to be heard.
            const early = message.statusCode === 183 && message.body.length > 0;
            if ((message.statusCode ?? 0) >= 180) this.handlers?.onRinging(early);
            if (early) this.handlers?.onSound(this.sound.heard);
          },
          onReject: ({ message }) => {
            this.reason ??= refusal(message.statusCode ?? 0);
          },
        },
      })
      .catch(() => {
        this.reason ??= 'fault';
        void inviter.dispose();
      });
  }

  /** Tells whether packets find their way, once that matters to somebody. */
  private path(): void {
    if (this.session.state !== SessionState.Established) return;
    const { connectionState } = this.sound.connection;
    if (connectionState === 'connected') this.handlers?.onPath('up');
    if (connectionState === 'disconnected') this.handlers?.onPath('broken');
    if (connectionState === 'failed') {
      this.handlers?.onPath('failed');
      this.pathFailed = true;
      if (!this.broken) void this.restart();
    }
  }

  /** While it rings the way of the sound is found and its secrets are agreed on, so that only sound has to follow the answer. */
  async warm(invitation: Invitation): Promise<void> {
    await new Promise((shown) => setTimeout(shown, WARM_AFTER));
    if (!unanswered(invitation)) return;
    await this.sound.prepareAnswer(invitation.body ?? '');
    // Others than our server would take it for somebody who speaks before they answer, and end the ringing tone.
    const wanted = invitation.request.getHeader('P-Early-Media') === 'supported';
    if (!wanted || !unanswered(invitation)) return;
    const { body, contentType } = this.sound.tellAnswer();
    // It has to be said again with the answer, which the library does where it takes this for something else.
    await invitation.progress({ body: { contentType: `${contentType};charset=utf-8`, body } });
  }

  async answer(): Promise<void> {
    if (this.session instanceof Invitation) await this.session.accept();
  }

  async decline(): Promise<void> {
    if (!(this.session instanceof Invitation) || this.session.state !== SessionState.Initial) return;
    this.reason ??= 'declined_by_you';
    await this.session.reject({ statusCode: 603 });
  }

  async hangUp(): Promise<void> {
    this.reason ??= 'you';
    const { session } = this;
    switch (session.state) {
      case SessionState.Initial:
      case SessionState.Establishing:
        if (session instanceof Inviter) await session.cancel();
        else if (session instanceof Invitation) await session.reject();
        break;
      case SessionState.Established:
        await session.bye();
        break;
      case SessionState.Terminating:
      case SessionState.Terminated:
        break;
    }
  }

  async hold(on: boolean): Promise<void> {
    if (this.session.state !== SessionState.Established || on === this.held) return;
    this.sound.listen(!on);
    try {
      await this.invited();
      this.held = on;
    } finally {
      this.sound.listen(!this.held);
    }
  }

  /** Offers the call anew, and waits for the answer. */
  private invited(options: SoundOptions = {}): Promise<void> {
    return new Promise((resolve, failed) => {
      this.session
        .invite({
          sessionDescriptionHandlerOptions: options,
          requestDelegate: { onAccept: () => resolve(), onReject: ({ message }) => failed(new Error(String(message.statusCode ?? 0))) },
        })
        .catch(failed);
    });
  }

  mute(on: boolean): void {
    this.sound.mute(on);
  }

  async speakThrough(microphone: MediaStream): Promise<void> {
    await this.sound.speak(microphone);
  }

  key(key: string): void {
    // 160 ms is heard by every menu; the pause tells two equal keys apart.
    this.sound.sendDtmf(key, { duration: 160, interToneGap: 70 });
  }

  passTo(to: string | Leg): Promise<boolean> {
    const target = to instanceof SipLeg ? to.session : typeof to === 'string' ? new URI('sip', to, this.session.userAgent.configuration.uri.host) : null;
    if (!target) return Promise.resolve(false);
    return new Promise((resolve) => {
      const onNotify = (notification: Notification) => {
        void notification.accept();
        const code = Number(/^SIP\/2\.0 (\d{3})/.exec(notification.request.body)?.[1] ?? 0);
        if (code >= 200) resolve(code < 300);
      };
      this.session.stateChange.addListener((state) => {
        if (state === SessionState.Terminated) resolve(true);
      });
      this.session.refer(target, { onNotify, requestDelegate: { onReject: () => resolve(false) } }).catch(() => resolve(false));
    });
  }

  cutOff(): void {
    this.broken = true;
    if (this.session.state !== SessionState.Established) return;
    // The sound goes its own way; only when that breaks as well does anybody notice.
    if (this.pathFailed) this.handlers?.onPath('broken');
  }

  reconnected(): void {
    if (!this.broken) return;
    this.broken = false;
    if (this.session.state === SessionState.Established) void this.restart();
  }

  /** Looks for a new way for the sound, from where this browser is now. */
  private async restart(): Promise<void> {
    if (this.session.state !== SessionState.Established) return;
    try {
      await this.invited({ restart: true });
      this.pathFailed = false;
    } catch {
      // The other side no longer knows the call, or the connection is gone again; what follows tells.
    }
  }

  stats(): Promise<RTCStatsReport> {
    return this.sound.connection.getStats();
  }
}

const unanswered = (invitation: Invitation): boolean => invitation.state === SessionState.Initial;
/** Asked anew: it may have ended while something was awaited. */
const ended = (signal: AbortSignal): boolean => signal.aborted;

function browserName(): string {
  const agent = navigator.userAgent;
  return /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : 'browser';
}

/* eslint-disable @typescript-eslint/no-deprecated -- the successor of script processors needs a script that the portal's policy refuses */
/** What a walk keeps in somebody's page, to see and hear what they do. */
export interface Kept {
  connections: RTCPeerConnection[];
  sockets: WebSocket[];
  /** What happened when, in milliseconds since 1970: the same clock for every page of this machine. */
  marks: { what: Mark; at: number }[];
  /** Hears on with one ear: loudness of each stretch of `STRETCH` samples, 0 to 1. */
  heard: number[];
  notifications: { title: string; body: string; open: boolean; click: () => void }[];
  hidden: boolean;
  throughRoad?: (sdp: string) => Promise<string>;
}

export type Mark =
  /** Somebody pressed something. */
  | 'click'
  /** Somebody calls. */
  | 'incoming'
  /** It rings at the other side. */
  | 'ringing'
  | 'talking'
  /** The way of the sound is open and secret. */
  | 'way'
  /** A loudspeaker began to sound: the phone's own ringing, or the other side. */
  | 'sounds'
  /** The first packet of the other side, and the first that is not silence. */
  | 'packet'
  | 'voice';

/** Samples of one stretch of `Kept.heard`. */
export const STRETCH = 512;

/**
 * Runs in the page before anything else. It remembers connections, writes down what happens when, and gives a
 * microphone that hums at `pitch` hertz (0: the browser's own).
 */
export function prepare({ pitch, clock, stretch }: { pitch: number; clock: number; stretch: number }): void {
  const kept = window as unknown as Kept;
  const now = performance.timeOrigin;
  const mark = (what: Mark) => kept.marks.push({ what, at: now + performance.now() });
  kept.connections = [];
  kept.sockets = [];
  kept.marks = [];
  kept.heard = [];
  kept.notifications = [];
  kept.hidden = false;

  if (clock !== 0) {
    const Right = Date;
    window.Date = class extends Right {
      constructor(...given: unknown[]) {
        super(...((given.length === 0 ? [Right.now() + clock] : given) as []));
      }
      static override now(): number {
        return Right.now() + clock;
      }
    } as DateConstructor;
  }

  addEventListener('click', () => mark('click'), { capture: true });
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      for (const node of [target, ...addedNodes]) {
        if (!(node instanceof Element)) continue;
        const last = kept.marks.at(-1)?.what;
        if (node.matches('[data-incoming]') || node.querySelector('[data-incoming]')) {
          if (addedNodes.length > 0) mark('incoming');
        }
        const phase = node.closest('[data-phase]') ?? node.querySelector('[data-phase]');
        const said = phase?.getAttribute('data-phase');
        if ((said === 'ringing' || said === 'talking') && last !== said && !kept.marks.some(({ what, at }) => what === said && at > (kept.marks.findLast((one) => one.what === 'click')?.at ?? 0))) mark(said);
      }
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-phase', 'data-incoming'] });

  const Loudspeaker = window.Audio;
  window.Audio = class extends Loudspeaker {
    constructor(...given: ConstructorParameters<typeof Audio>) {
      super(...given);
      this.addEventListener('playing', () => mark('sounds'));
    }
  };

  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    private readonly ears: (() => void)[] = [];

    constructor(...given: ConstructorParameters<typeof RTCPeerConnection>) {
      super(...given);
      kept.connections.push(this);
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') mark('way');
      });
      this.addEventListener('track', ({ track }) => {
        const context = new AudioContext();
        void context.resume();
        const ear = context.createScriptProcessor(stretch, 1, 1);
        context.createMediaStreamSource(new MediaStream([track])).connect(ear).connect(context.destination);
        let silent = true;
        ear.onaudioprocess = ({ inputBuffer }) => {
          const loud = Math.sqrt(inputBuffer.getChannelData(0).reduce((sum, sample) => sum + sample * sample, 0) / stretch);
          kept.heard.push(loud);
          if (loud > 0.01 && silent) {
            silent = false;
            mark('voice');
          }
        };
        const looking = setInterval(() => {
          void this.getStats(track).then((report) => {
            const came = [...report.values()].some((row: { type: string; packetsReceived?: number }) => row.type === 'inbound-rtp' && (row.packetsReceived ?? 0) > 0);
            if (!came && this.connectionState !== 'closed') return;
            if (came && !kept.marks.some(({ what, at }) => what === 'packet' && at > (kept.marks.findLast((one) => one.what === 'click')?.at ?? 0))) mark('packet');
            clearInterval(looking);
          });
        }, 5);
        this.ears.push(() => {
          clearInterval(looking);
          ear.onaudioprocess = null;
          void context.close();
        });
      });
    }

    override close(): void {
      super.close();
      this.ears.splice(0).forEach((end) => end());
    }

    override async setRemoteDescription(...[description]: [RTCSessionDescriptionInit?]): Promise<void> {
      const led = kept.throughRoad && description?.sdp ? { type: description.type, sdp: await kept.throughRoad(description.sdp) } : description;
      return led ? super.setRemoteDescription(led) : undefined;
    }
  };

  const Line = window.WebSocket;
  window.WebSocket = class extends Line {
    constructor(...given: ConstructorParameters<typeof WebSocket>) {
      super(...given);
      kept.sockets.push(this);
    }
  };

  // An empty page has no microphones in Firefox.
  const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (pitch > 0 && devices) {
    devices.getUserMedia = () => {
      const context = new AudioContext();
      const out = context.createMediaStreamDestination();
      const tone = context.createOscillator();
      const volume = context.createGain();
      volume.gain.value = 0.4;
      tone.frequency.value = pitch;
      tone.connect(volume).connect(out);
      tone.start();
      return context.resume().then(() => out.stream);
    };
  }
}

/** As if another window lay over this one. Notifications go to the browser, and are remembered. */
export function prepareHidden(): void {
  const kept = window as unknown as Kept;
  Object.defineProperty(document, 'visibilityState', { get: (): DocumentVisibilityState => (kept.hidden ? 'hidden' : 'visible') });
  Object.defineProperty(document, 'hasFocus', { value: () => !kept.hidden });
  const Shown = window.Notification;
  window.Notification = class extends Shown {
    constructor(title: string, options?: NotificationOptions) {
      super(title, options);
      const entry = { title, body: options?.body ?? '', open: true, click: () => void this.dispatchEvent(new Event('click')) };
      kept.notifications.push(entry);
            const close = this.close.bind(this);
      this.close = () => {
        entry.open = false;
        close();
      };
    }
  };
}

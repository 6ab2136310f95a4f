/**
 * The sound of one call: a connection of the browser's, described to the library that carries the messages. It can be
 * made ready ahead, so that a click waits for nothing but the messages: an offer before anybody calls, an answer while
 * it rings. Nothing leaves the browser before `speak`: a connection without a microphone sends no sound.
 */
import type { BodyAndContentType, SessionDescriptionHandler, SessionDescriptionHandlerOptions } from 'sip.js';

export interface SoundOptions extends SessionDescriptionHandlerOptions {
  /** Looks for a new way through the network. */
  restart?: boolean;
}

const SDP = 'application/sdp';
/**
 * Milliseconds for this browser's own addresses. Our server answers to where it is asked from and needs none of them:
 * a call that waited for all would ring a tenth of a second later.
 */
const GATHER_WITHIN = 20;
/** The same where calls must name one of them. Without a server to ask, a browser knows all of its own much sooner. */
const NAME_WITHIN = 1000;

export class CallSound implements SessionDescriptionHandler {
  /** What the other side says. */
  readonly heard = new MediaStream();
  /** There is one sound, so nothing is bundled; FreeSWITCH names no bundle, and `max-bundle` would refuse what it says. */
  readonly connection = new RTCPeerConnection({ rtcpMuxPolicy: 'require' });
  private muted = false;
  private voice: MediaStreamTrack | null = null;
  /** Described already: what the library asks for next is this. */
  private ready: Promise<void> | null = null;
  /** The answer as it was told while it rang: it does not change any more. */
  private told: BodyAndContentType | null = null;
  /** The offer that `ready` answers. */
  private answers: string | null = null;

  /** `namesAddresses`: the other side needs one of this browser's addresses in what is described. */
  constructor(private readonly namesAddresses: boolean) {
    this.connection.addEventListener('track', ({ track }) => this.heard.addTrack(track));
  }

  private get way(): RTCRtpTransceiver | undefined {
    return this.connection.getTransceivers()[0];
  }

  /** Describes ahead what a call of ours will offer. */
  prepareOffer(): void {
    this.ready = this.describe({});
    this.ready.catch(() => undefined);
  }

  /** Describes ahead what a call to us will be answered. From then on the way of the sound can be found. */
  async prepareAnswer(offer: string): Promise<void> {
    this.answers = offer;
    this.ready = this.connection.setRemoteDescription({ type: 'offer', sdp: offer }).then(() => this.describe({}));
    await this.ready;
  }

  /** The answer that was prepared, to be told while it rings. */
  tellAnswer(): BodyAndContentType {
    this.told = this.described;
    return this.told;
  }

  async getDescription(options: SoundOptions = {}): Promise<BodyAndContentType> {
    const { ready, told } = this;
    [this.ready, this.told] = [null, null];
    await (ready ?? this.describe(options));
    return told ?? this.described;
  }

  private get described(): BodyAndContentType {
    return { body: this.connection.localDescription?.sdp ?? '', contentType: SDP };
  }

  async setDescription(sdp: string): Promise<void> {
    const known = this.answers === sdp;
    this.answers = null;
    if (known) return;
    await this.connection.setRemoteDescription({ type: this.connection.signalingState === 'have-local-offer' ? 'answer' : 'offer', sdp });
  }

  async rollbackDescription(): Promise<void> {
    if (this.connection.signalingState === 'have-local-offer') await this.connection.setLocalDescription({ type: 'rollback' });
  }

  hasDescription(contentType: string): boolean {
    return contentType === SDP;
  }

  private async describe({ restart = false }: SoundOptions): Promise<void> {
    const { connection } = this;
    if (connection.signalingState === 'have-remote-offer') {
      // A way that the other side asked for is one way, until we say that we speak as well.
      if (this.way && connection.currentRemoteDescription === null) this.way.direction = 'sendrecv';
      await this.send();
      await connection.setLocalDescription(await connection.createAnswer());
    } else {
      if (!this.way) connection.addTransceiver('audio', { direction: 'sendrecv' });
      await this.send();
      await connection.setLocalDescription(await connection.createOffer({ iceRestart: restart }));
    }
    await this.gather(this.namesAddresses ? NAME_WITHIN : GATHER_WITHIN);
  }

  private async gather(within: number): Promise<void> {
    const { connection } = this;
    if (connection.iceGatheringState === 'complete') return;
    await new Promise<void>((enough) => {
      const timer = setTimeout(enough, within);
      connection.addEventListener('icegatheringstatechange', () => {
        if (connection.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        enough();
      });
    });
  }

  /** Sends what this microphone hears, from now on; or from when there is a way. */
  async speak(microphone: MediaStream): Promise<void> {
    const { voice: before } = this;
    [this.voice = null] = microphone.getAudioTracks();
    this.mute(this.muted);
    await this.send();
    before?.stop();
  }

  private async send(): Promise<void> {
    if (this.way && this.voice && this.way.sender.track !== this.voice) await this.way.sender.replaceTrack(this.voice);
  }

  mute(on: boolean): void {
    this.muted = on;
    if (this.voice) this.voice.enabled = !on;
  }

  /** Whether the next description says that we hear; without that the other side waits. */
  listen(on: boolean): void {
    if (this.way) this.way.direction = on ? 'sendrecv' : 'sendonly';
  }

  sendDtmf(keys: string, { duration, interToneGap }: { duration?: number; interToneGap?: number } = {}): boolean {
    const dtmf = this.way?.sender.dtmf;
    if (!dtmf?.canInsertDTMF) return false;
    dtmf.insertDTMF(keys, duration, interToneGap);
    return true;
  }

  close(): void {
    this.connection.close();
  }
}

/** Microphones, loudspeakers, and the sounds that the phone makes itself. */
import type { MicProblem } from './calls';

const KEY = 'voxera.phone.devices';

/** The devices chosen here; empty: the system's own choice. */
export interface Chosen {
  microphone: string;
  speaker: string;
  /** Where it rings. */
  ringer: string;
}

const NONE: Chosen = { microphone: '', speaker: '', ringer: '' };

export function chosenDevices(): Chosen {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>;
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    return { microphone: text(stored.microphone), speaker: text(stored.speaker), ringer: text(stored.ringer) };
  } catch {
    return NONE;
  }
}

export const keepDevices = (chosen: Chosen): void => localStorage.setItem(KEY, JSON.stringify(chosen));

/** Browsers give microphones only to pages that nobody can have tampered with. */
const devices = (): MediaDevices | null => (navigator as { mediaDevices?: MediaDevices }).mediaDevices ?? null;

export class NoMicrophone extends Error {
  constructor(readonly problem: MicProblem) {
    super(problem);
  }
}

/** Opens the microphone; the browser asks the person the first time. */
export async function openMicrophone(id = chosenDevices().microphone): Promise<MediaStream> {
  const known = devices();
  if (!known) throw new NoMicrophone('insecure');
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    return await known.getUserMedia({ audio: { ...wanted, ...(id ? { deviceId: { exact: id } } : {}) } });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    // The chosen one is unplugged: any is better than none.
    if (name === 'OverconstrainedError' && id) return openMicrophone('');
    throw new NoMicrophone(name === 'NotAllowedError' || name === 'SecurityError' ? 'refused' : name === 'NotFoundError' ? 'missing' : name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'fault');
  }
}

let permission: PermissionStatus | null = null;
/** Whether the person has allowed the microphone; `unknown` where the browser does not tell. */
export async function microphonePermission(): Promise<PermissionState | 'unknown'> {
  try {
    permission ??= await navigator.permissions.query({ name: 'microphone' });
    return permission.state;
  } catch {
    return 'unknown';
  }
}
/** The same without asking the browser; false until it was asked once. */
export const microphoneAllowed = (): boolean => permission?.state === 'granted';

export async function listDevices(): Promise<MediaDeviceInfo[]> {
  return (await devices()?.enumerateDevices()) ?? [];
}

export function onDevices(act: () => void): () => void {
  const known = devices();
  known?.addEventListener('devicechange', act);
  return () => known?.removeEventListener('devicechange', act);
}

export const stopStream = (stream: MediaStream | null): void => stream?.getTracks().forEach((track) => track.stop());

let shared: AudioContext | null = null;
/** One for the whole page. It may be asleep until the person has touched the page. */
export function audioContext(): AudioContext {
  shared ??= new AudioContext();
  if (shared.state === 'suspended') void shared.resume().catch(() => undefined);
  return shared;
}

/** How loud a stream is, 0 to 1, told about thirty times a second until the answer is called. */
export function meter(stream: MediaStream, onLevel: (level: number) => void): () => void {
  const context = audioContext();
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // From -60 dB to -10 dB: what speech spans.
    const decibel = 10 * Math.log10(power + 1e-12);
    onLevel(Math.min(1, Math.max(0, (decibel + 60) / 50)));
  }, 33);
  return () => {
    clearInterval(timer);
    source.disconnect();
  };
}

/** Not every browser lets a page choose. */
export const canChooseSpeaker = (): boolean => 'setSinkId' in HTMLAudioElement.prototype;

/** Plays a stream on a loudspeaker; the answer stops it. */
export class Loudspeaker {
  private readonly element = new Audio();

  constructor(private device: string) {
    this.element.autoplay = true;
  }

  async play(stream: MediaStream): Promise<void> {
    if (this.element.srcObject !== stream) this.element.srcObject = stream;
    await this.through(this.device);
    await this.element.play().catch(() => undefined);
  }

  async through(device: string): Promise<void> {
    this.device = device;
    // A loudspeaker that is gone leaves the system's own.
    if (canChooseSpeaker()) await this.element.setSinkId(device).catch(() => this.element.setSinkId('').catch(() => undefined));
  }

  stop(): void {
    this.element.pause();
    this.element.srcObject = null;
  }
}

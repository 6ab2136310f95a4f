/** Sounds that the phone makes itself, without a file: ringing, waiting, keys. */
import { audioContext, chosenDevices, Loudspeaker } from './media';

/** Frequencies in hertz of the keys, as telephones have had them for sixty years. */
const ROWS: Record<string, [number, number]> = {
  '1': [697, 1209], '2': [697, 1336], '3': [697, 1477],
  '4': [770, 1209], '5': [770, 1336], '6': [770, 1477],
  '7': [852, 1209], '8': [852, 1336], '9': [852, 1477],
  '*': [941, 1209], '0': [941, 1336], '#': [941, 1477],
};

interface Note {
  frequencies: readonly number[];
  /** Seconds from the start. */
  at: number;
  /** Seconds. */
  lasts: number;
  /** 0 to 1. */
  loud: number;
}

function play(notes: readonly Note[], into: AudioNode): void {
  const context = into.context;
  const now = context.currentTime + 0.02;
  for (const { frequencies, at, lasts, loud } of notes) {
    const volume = context.createGain();
    volume.gain.setValueAtTime(0, now + at);
    volume.gain.linearRampToValueAtTime(loud / frequencies.length, now + at + 0.015);
    volume.gain.setValueAtTime(loud / frequencies.length, now + at + Math.max(0.02, lasts - 0.08));
    volume.gain.linearRampToValueAtTime(0, now + at + lasts);
    volume.connect(into);
    for (const frequency of frequencies) {
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(volume);
      tone.start(now + at);
      tone.stop(now + at + lasts);
    }
  }
}

/** Plays notes again and again on a loudspeaker, until the answer is called. */
function again(notes: readonly Note[], everyMs: number, device: string): () => void {
  const context = audioContext();
  const out = context.createMediaStreamDestination();
  const speaker = new Loudspeaker(device);
  void speaker.play(out.stream);
  play(notes, out);
  const timer = setInterval(() => play(notes, out), everyMs);
  return () => {
    clearInterval(timer);
    speaker.stop();
    out.disconnect();
  };
}

/** Two rising calls and a rest: heard across a room, and nobody's melody. */
const RING: Note[] = [0, 0.62].flatMap((start) => [
  { frequencies: [587, 880], at: start, lasts: 0.16, loud: 0.34 },
  { frequencies: [740, 1109], at: start + 0.15, lasts: 0.16, loud: 0.34 },
  { frequencies: [880, 1319], at: start + 0.3, lasts: 0.26, loud: 0.3 },
]);
/** The Swedish ringing tone: a second, then five of rest. */
const WAITING: Note[] = [{ frequencies: [425], at: 0, lasts: 1, loud: 0.12 }];
/** Somebody else calls while one talks: soft, so that the talk is still heard. */
const KNOCK: Note[] = [
  { frequencies: [425], at: 0, lasts: 0.2, loud: 0.08 },
  { frequencies: [425], at: 0.7, lasts: 0.2, loud: 0.08 },
];

export const ring = (): (() => void) => again(RING, 3000, chosenDevices().ringer);
export const knock = (): (() => void) => again(KNOCK, 8000, chosenDevices().speaker);
export const ringBack = (): (() => void) => again(WAITING, 6000, chosenDevices().speaker);

/** A key, as one hears it oneself. */
export function keyTone(key: string): void {
  const frequencies = ROWS[key];
  if (frequencies) play([{ frequencies, at: 0, lasts: 0.12, loud: 0.1 }], audioContext().destination);
}

/** Three notes, to hear whether a loudspeaker is the right one. */
export function chime(device: string): void {
  const context = audioContext();
  const out = context.createMediaStreamDestination();
  const speaker = new Loudspeaker(device);
  void speaker.play(out.stream);
  play([523, 659, 784].map((frequency, index) => ({ frequencies: [frequency], at: index * 0.22, lasts: 0.3, loud: 0.25 })), out);
  setTimeout(() => speaker.stop(), 1500);
}

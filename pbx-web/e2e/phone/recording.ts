import { readFile, writeFile } from 'node:fs/promises';

/** Sound as numbers: one channel of 16 bit. */
export class Recording {
  constructor(
    /** Samples a second. */
    readonly rate: number,
    readonly samples: Int16Array,
  ) {}

  static sine(hertz: number, seconds: number, rate = 8000): Recording {
    return new Recording(rate, Int16Array.from({ length: seconds * rate }, (_, at) => Math.round(16_384 * Math.sin((2 * Math.PI * hertz * at) / rate))));
  }

  /** Rises from one pitch to the other, in hertz, five times a second. */
  static sweeping(from: number, to: number, seconds: number, rate = 8000): Recording {
    let angle = 0;
    return new Recording(
      rate,
      Int16Array.from({ length: seconds * rate }, (_, at) => {
        angle += (2 * Math.PI * (from + (to - from) * (((at * 5) / rate) % 1))) / rate;
        return Math.round(16_384 * Math.sin(angle));
      }),
    );
  }

  /** Reads a WAV file, also one that is still being written: what counts is what is there. Null: nothing yet. */
  static async read(path: string): Promise<Recording | null> {
    const bytes = await readFile(path).catch(() => null);
    const at = bytes?.indexOf('data') ?? -1;
    if (!bytes || at < 0) return null;
    const rest = bytes.subarray(at + 8);
    return new Recording(bytes.readUInt32LE(24), Int16Array.from({ length: Math.floor(rest.length / 2) }, (_, sample) => rest.readInt16LE(sample * 2)));
  }

  wav(): Buffer {
    const { samples, rate } = this;
    const head = Buffer.alloc(44);
    head.write('RIFF');
    head.writeUInt32LE(36 + samples.length * 2, 4);
    head.write('WAVEfmt ', 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt32LE(rate, 24);
    head.writeUInt32LE(rate * 2, 28);
    head.writeUInt16LE(2, 32);
    head.writeUInt16LE(16, 34);
    head.write('data', 36);
    head.writeUInt32LE(samples.length * 2, 40);
    return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
  }

  write = (path: string): Promise<void> => writeFile(path, this.wav());

  /** What was heard last. */
  last(seconds: number): Recording {
    return new Recording(this.rate, this.samples.slice(-Math.round(seconds * this.rate)));
  }

  get seconds(): number {
    return this.samples.length / this.rate;
  }

  /** Share of the whole sound that is this tone, 0 to 1. */
  tone(hertz: number): number {
    let [energy, real, imaginary] = [0, 0, 0];
    this.samples.forEach((sample, at) => {
      const angle = (2 * Math.PI * hertz * at) / this.rate;
      energy += sample * sample;
      real += sample * Math.cos(angle);
      imaginary += sample * Math.sin(angle);
    });
    return energy === 0 ? 0 : (2 * (real * real + imaginary * imaginary)) / (energy * this.samples.length);
  }

  /** Root mean square in decibels below the loudest there is. */
  get level(): number {
    const power = this.samples.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / Math.max(1, this.samples.length);
    return 10 * Math.log10(power + 1e-12);
  }
}

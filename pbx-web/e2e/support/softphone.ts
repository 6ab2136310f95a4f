/* eslint-disable @typescript-eslint/no-deprecated -- the successor of script processors needs a script that the portal's policy refuses */
import { asPlatform, makeCompany, makePbx, makePerson, PASSWORD, type Company, type MadePbx } from './api';
import { prepare, STRETCH, type Kept, type Mark } from './page';
import type { Road } from './road';
import { expect, type Visit } from './visit';
import { say } from './words';

/** Milliseconds that a finger stays on a key. */
const PRESSED = 90;

export interface Office {
  company: Company;
  pbx: MadePbx;
  /** Who signs in as an extension, by its number. */
  people: Map<string, string>;
}

/** A company whose people have an extension each. */
export async function makeOffice(extensions: [number: string, name: string][]): Promise<Office> {
  const api = await asPlatform();
  const company = await makeCompany();
  const pbx = await makePbx(company, extensions);
  const people = new Map<string, string>();
  for (const { id, number, name } of pbx.extensions) {
    const email = await makePerson(company, 'user', name);
    const { items } = await api.get<{ items: { id: string; email: string }[] }>(`${company.base}/users?search=${encodeURIComponent(email)}&sort=name&limit=5&offset=0`);
    const user = items.find((found) => found.email === email)?.id;
    const answer = await api.ask('PATCH', `${pbx.base}/extensions/${id}`, { user });
    if (!answer.ok) throw new Error(`${name} gets no extension: ${answer.status} ${await answer.text()}`);
    people.set(number, email);
  }
  return { company, pbx, people };
}

/** The phone in somebody's browser, as they see and hear it. */
export class Softphone {
  readonly dock;

  private constructor(readonly visit: Visit) {
    this.dock = visit.page.getByRole('region', { name: visit.w.phone.title });
  }

  /**
   * Opens the portal for somebody, and their phone in it. `pitch`: what their microphone hears, in hertz; 0: what
   * the browser's own plays. `road`: the network in between, which the visit was opened over. `clock`: milliseconds by
   * which theirs is ahead.
   */
  static async of(visit: Visit, pitch: number, { road, clock = 0, at = '/me' }: { road?: Road; clock?: number; at?: string | null } = {}): Promise<Softphone> {
    await visit.allowMicrophone();
    if (road) await visit.context.exposeFunction('throughRoad', (sdp: string) => road.through(sdp));
    await visit.context.addInitScript(prepare, { pitch, clock, stretch: STRETCH });
    const phone = new Softphone(visit);
    if (at === null) return phone;
    await visit.page.goto(at);
    await phone.unfold();
    await phone.isReady();
    return phone;
  }

  async unfold(): Promise<void> {
    await this.dock.getByRole('button', { name: this.visit.w.phone.open }).click();
  }

  async isReady(): Promise<void> {
    await expect(this.dock.getByText(this.visit.w.phone.line.ready, { exact: true })).toBeVisible();
  }

  async dial(text: string): Promise<void> {
    const { page, w } = this.visit;
    await this.dock.getByRole('navigation', { name: w.phone.parts }).getByRole('button', { name: w.phone.tab.pad, exact: true }).click();
    await this.dock.getByRole('textbox', { name: w.phone.pad.label }).fill(text);
    await page.keyboard.press('Enter');
  }

  /** Who calls, until it is answered or declined. */
  caller(name: string) {
    return this.visit.page.getByRole('alertdialog', { name: say(this.visit.w.phone.incoming.title, { who: name }) });
  }

  async answer(name: string): Promise<void> {
    await this.caller(name).getByRole('button', { name: this.visit.w.phone.incoming.answer }).click({ delay: PRESSED });
  }

  async press(name: string): Promise<void> {
    await this.dock.getByRole('button', { name, exact: true }).click();
  }

  /** The call in front, with the name of the other side as its heading. */
  with(name: string) {
    return this.dock.getByRole('heading', { name });
  }

  async talks(name: string): Promise<void> {
    await expect(this.with(name)).toBeVisible();
    await expect(this.dock.getByRole('timer')).toBeVisible();
  }

  /** The strongest pitch in what comes from the other side over a quarter of a second, in hertz; 0: silence. */
  async hears(): Promise<number> {
    return this.visit.page.evaluate(async () => {
      const { connections } = window as unknown as { connections: RTCPeerConnection[] };
      const connection = connections.filter(({ connectionState }) => connectionState === 'connected').at(-1);
      const track = connection?.getReceivers().find((receiver) => receiver.track.kind === 'audio')?.track;
      if (!track) return 0;
      const context = new AudioContext();
      await context.resume();
      const analyser = context.createAnalyser();
      analyser.fftSize = 8192;
      analyser.smoothingTimeConstant = 0;
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      const bins = new Float32Array(analyser.frequencyBinCount);
      await new Promise((heard) => setTimeout(heard, 300));
      analyser.getFloatFrequencyData(bins);
      const width = context.sampleRate / analyser.fftSize;
      let best = 0;
      for (let bin = 1; bin < bins.length; bin += 1) if ((bins[bin] ?? -200) > (bins[best] ?? -200)) best = bin;
      const loud = bins[best] ?? -200;
      await context.close();
      return loud > -60 ? best * width : 0;
    });
  }

  /** Waits until the other side's hum is what is heard. */
  async hearsPitch(pitch: number): Promise<void> {
    await expect.poll(async () => Math.abs((await this.hears()) - pitch), { message: `${pitch} Hz is heard` }).toBeLessThan(12);
  }

  /** Waits until a key is heard that the other side presses: its two tones, both above what lies between them. */
  async hearsKey(press: () => void, [low, high]: [number, number]): Promise<void> {
    const heard = this.visit.page.evaluate(
      ([one, two]) =>
        new Promise<void>((done) => {
          const { connections } = window as unknown as Kept;
          const track = connections.at(-1)?.getReceivers()[0]?.track;
          if (!track) return;
          const context = new AudioContext();
          void context.resume();
          const ear = context.createScriptProcessor(1024, 1, 1);
          context.createMediaStreamSource(new MediaStream([track])).connect(ear).connect(context.destination);
          const power = (samples: Float32Array, hertz: number) => {
            let [real, imaginary] = [0, 0];
            samples.forEach((sample, at) => {
              const angle = (2 * Math.PI * hertz * at) / context.sampleRate;
              real += sample * Math.cos(angle);
              imaginary += sample * Math.sin(angle);
            });
            return real * real + imaginary * imaginary;
          };
          ear.onaudioprocess = ({ inputBuffer }) => {
            const samples = inputBuffer.getChannelData(0);
            const all = samples.reduce((sum, sample) => sum + sample * sample, 0);
            const found = (2 * (power(samples, one) + power(samples, two))) / (all * samples.length);
            if (all < 0.1 || found < 0.6 || Math.min(power(samples, one), power(samples, two)) * 20 < Math.max(power(samples, one), power(samples, two))) return;
            void context.close();
            done();
          };
        }),
      [low, high] as const,
    );
    press();
    await heard;
  }

  /** What is heard over the next seconds: how loud (decibels), the share of it that is not silence, the longest silence (ms). */
  async listens(seconds: number): Promise<{ level: number; share: number; gap: number }> {
    const rate = 48_000 / STRETCH;
    const count = Math.round(seconds * rate);
    const { page } = this.visit;
    await page.evaluate(() => {
      (window as unknown as Kept).heard = [];
    });
    await page.waitForFunction((wanted) => (window as unknown as Kept).heard.length >= wanted, count, { timeout: 60_000 });
    const heard = await page.evaluate(() => (window as unknown as Kept).heard);
    const power = heard.reduce((sum, loud) => sum + loud * loud, 0) / heard.length;
    let [silent, longest] = [0, 0];
    for (const loud of heard) {
      silent = loud > 0.003 ? 0 : silent + 1;
      longest = Math.max(longest, silent);
    }
    return { level: 10 * Math.log10(power + 1e-12), share: heard.filter((loud) => loud > 0.003).length / heard.length, gap: (longest * 1000) / rate };
  }

  /** When something happened first after a moment, in milliseconds since 1970; waits for it. */
  async saw(what: Mark, after: number): Promise<number> {
    const found = await this.visit.page.waitForFunction(({ what: kind, after: since }) => (window as unknown as Kept).marks.find((mark) => mark.what === kind && mark.at >= since)?.at, { what, after });
    return (await found.jsonValue()) ?? 0;
  }

  /** When something was pressed last. */
  async clicked(): Promise<number> {
    return this.visit.page.evaluate(() => (window as unknown as Kept).marks.findLast(({ what }) => what === 'click')?.at ?? 0);
  }

  /** What the browser counts of the call's sound. */
  async counts(): Promise<{ received: number; lost: number; sent: number; concealed: number; energy: number }> {
    return this.visit.page.evaluate(async () => {
      const { connections } = window as unknown as Kept;
      const rows = [...((await connections.at(-1)?.getStats())?.values() ?? [])] as Record<string, number | string>[];
      const of = (type: string, name: string) => Number(rows.find((row) => row.type === type && row.kind === 'audio')?.[name] ?? 0);
      return { received: of('inbound-rtp', 'packetsReceived'), lost: of('inbound-rtp', 'packetsLost'), sent: of('outbound-rtp', 'packetsSent'), concealed: of('inbound-rtp', 'concealedSamples'), energy: of('inbound-rtp', 'totalAudioEnergy') };
    });
  }

  async codec(): Promise<string> {
    return this.visit.page.evaluate(async () => {
      const { connections } = window as unknown as { connections: RTCPeerConnection[] };
      const report = await connections.at(-1)?.getStats();
      const rows = [...(report?.values() ?? [])] as { type: string; kind?: string; codecId?: string; mimeType?: string; id: string }[];
      const inbound = rows.find((row) => row.type === 'inbound-rtp' && row.kind === 'audio');
      return rows.find((row) => row.id === inbound?.codecId)?.mimeType ?? '';
    });
  }

  /** Breaks the connection to the server, as a network does. */
  async cut(): Promise<void> {
    await this.visit.page.evaluate(() => (window as unknown as { sockets: WebSocket[] }).sockets.forEach((socket) => socket.close()));
  }
}

export { PASSWORD };

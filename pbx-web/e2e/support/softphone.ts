import { asPlatform, makeCompany, makePbx, makePerson, PASSWORD, type Company, type MadePbx } from './api';
import { expect, type Visit } from './visit';
import { say } from './words';

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

/** Remembers the page's connections, and gives it a microphone that hums at a known pitch (hertz). */
function prepare(pitch: number): void {
  const kept = window as unknown as { connections: RTCPeerConnection[]; sockets: WebSocket[] };
  kept.connections = [];
  kept.sockets = [];
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...given: ConstructorParameters<typeof RTCPeerConnection>) {
      super(...given);
      kept.connections.push(this);
    }
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given: ConstructorParameters<typeof WebSocket>) {
      super(...given);
      kept.sockets.push(this);
    }
  };
  navigator.mediaDevices.getUserMedia = () => {
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

/** The phone in somebody's browser, as they see and hear it. */
export class Softphone {
  readonly dock;

  private constructor(readonly visit: Visit) {
    this.dock = visit.page.getByRole('region', { name: visit.w.phone.title });
  }

  /** Opens the portal for somebody, and their phone in it. `pitch`: what their microphone hears, in hertz. */
  static async of(visit: Visit, pitch: number): Promise<Softphone> {
    await visit.context.grantPermissions(['microphone', 'clipboard-read', 'clipboard-write']);
    await visit.context.addInitScript(prepare, pitch);
    await visit.page.goto('/me');
    const phone = new Softphone(visit);
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
    await this.caller(name).getByRole('button', { name: this.visit.w.phone.incoming.answer }).click();
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

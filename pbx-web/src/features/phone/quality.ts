import type { Grade, Sound, Trouble } from './calls';

/** What one look at a connection's statistics tells; counters grow from the start of the call. */
export interface Look {
  /** Milliseconds. */
  at: number;
  received: number;
  lost: number;
  /** Seconds. */
  jitter: number;
  /** Seconds there and back. */
  delay: number | null;
  codec: string;
  /** Grows while the microphone gives anything but utter silence; null: the browser does not say. */
  spoken: number | null;
}

type Row = Record<string, unknown> & { type: string };
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** Reads what matters out of `getStats`. Null: nothing has come yet. */
export function lookAt(report: Iterable<[string, unknown]>, at: number): Look | null {
  const rows = new Map<string, Row>();
  for (const [id, row] of report) rows.set(id, row as Row);
  const all = [...rows.values()];
  const inbound = all.find((row) => row.type === 'inbound-rtp' && row.kind === 'audio');
  if (!inbound) return null;
  const codec = typeof inbound.codecId === 'string' ? rows.get(inbound.codecId) : undefined;
  const remote = all.find((row) => row.type === 'remote-inbound-rtp' && row.kind === 'audio');
  const pair = all.find((row) => row.type === 'candidate-pair' && row.nominated === true && row.state === 'succeeded');
  const source = all.find((row) => row.type === 'media-source' && row.kind === 'audio');
  const mime = typeof codec?.mimeType === 'string' ? (codec.mimeType.split('/')[1] ?? '') : '';
  return {
    at,
    received: number(inbound.packetsReceived) ?? 0,
    lost: number(inbound.packetsLost) ?? 0,
    jitter: number(inbound.jitter) ?? 0,
    delay: number(remote?.roundTripTime) ?? number(pair?.currentRoundTripTime),
    codec: mime.toLowerCase() === 'opus' ? 'Opus' : mime,
    spoken: number(source?.totalAudioEnergy),
  };
}

/** Milliseconds over which the sound is judged. */
const SPAN = 5000;
/** Milliseconds without a packet until it is said. */
export const SILENT_AFTER = 2000;
/** Milliseconds of a microphone that gives nothing at all until it is said. */
export const MUTE_AFTER = 6000;

const grade = (loss: number, jitter: number): Grade => (loss > 0.05 || jitter > 80 ? 'poor' : loss > 0.015 || jitter > 35 ? 'fair' : 'good');

/** Judges the sound of one call from looks at it, about one a second. */
export class Judge {
  private looks: Look[] = [];
  private heard: { received: number; at: number } | null = null;
  private said: { spoken: number; at: number } | null = null;

  /** `quiet`: nothing is expected from the other side now; `muted`: nothing from us. */
  judge(look: Look, { quiet, muted }: { quiet: boolean; muted: boolean }): { sound: Sound; trouble: Trouble | null } {
    this.looks = [...this.looks.filter(({ at }) => look.at - at <= SPAN), look];
    if (!this.heard || quiet || look.received > this.heard.received) this.heard = { received: look.received, at: look.at };
    if (look.spoken === null) this.said = null;
    else if (!this.said || muted || look.spoken > this.said.spoken) this.said = { spoken: look.spoken, at: look.at };
    const first = this.looks[0] ?? look;
    const lost = Math.max(0, look.lost - first.lost);
    const came = Math.max(0, look.received - first.received);
    const loss = lost + came > 0 ? lost / (lost + came) : 0;
    const jitter = look.jitter * 1000;
    return {
      sound: { grade: grade(loss, jitter), loss, jitter, delay: look.delay === null ? null : look.delay * 1000, codec: look.codec },
      trouble: look.at - this.heard.at >= SILENT_AFTER ? 'nothing_heard' : this.said && look.at - this.said.at >= MUTE_AFTER ? 'microphone_silent' : null,
    };
  }
}

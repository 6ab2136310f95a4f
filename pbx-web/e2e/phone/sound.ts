import { createSocket, type Socket } from 'node:dgram';

const KEYS = '0123456789*#';
/** The number under which keys are offered. */
const EVENTS = 101;
/** Samples of a packet, 20 ms at 8 kHz. */
const SAMPLES = 160;

/** A phone's sound: a hum in A-law, a packet every 20 ms, to where the other side listens; and the keys that are pressed in it. */
export class Sound {
  private timer: NodeJS.Timeout | undefined;
  heard = 0;
  /** Keys that the other side has pressed. */
  keys = '';
  private lastKey = -1;
  private pressing: { key: number; packets: number; at: number } | null = null;

  private constructor(
    private readonly socket: Socket,
    readonly port: number,
  ) {
    socket.on('message', (packet) => {
      this.heard += 1;
      if ((packet.readUInt8(1) & 0x7f) !== EVENTS) return;
      // Told again and again while it is pressed, with the time of its beginning.
      const began = packet.readUInt32BE(4);
      if (began === this.lastKey) return;
      this.lastKey = began;
      this.keys += KEYS[packet.readUInt8(12)] ?? '?';
    });
  }

  static async open(): Promise<Sound> {
    const socket = createSocket('udp4');
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
    return new Sound(socket, socket.address().port);
  }

  offer(): string {
    return ['v=0', `o=- ${Date.now()} 1 IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${this.port} RTP/AVP 8 ${EVENTS}`, 'a=rtpmap:8 PCMA/8000', `a=rtpmap:${EVENTS} telephone-event/8000`, `a=fmtp:${EVENTS} 0-15`, 'a=ptime:20', 'a=sendrecv', ''].join('\r\n');
  }

  /** Begins to send to where the other's description says. */
  sendTo(description: string): void {
    const port = Number(/^m=audio (\d+)/m.exec(description)?.[1] ?? 0);
    const host = /^c=IN IP4 (\S+)/m.exec(description)?.[1] ?? '127.0.0.1';
    const events = Number(/^a=rtpmap:(\d+) telephone-event\/8000/m.exec(description)?.[1] ?? EVENTS);
    if (port === 0 || this.timer) return;
    const hum = Buffer.alloc(12 + SAMPLES, 0xd5);
    for (let at = 0; at < SAMPLES; at += 1) hum.writeUInt8(at % 20 < 10 ? 0xb5 : 0x35, 12 + at);
    let sequence = 0;
    this.timer = setInterval(() => {
      const packet = this.pressing ? this.keyPacket(events, sequence) : hum;
      packet.writeUInt8(0x80, 0);
      if (packet === hum) packet.writeUInt8(8, 1);
      packet.writeUInt16BE(sequence & 0xffff, 2);
      packet.writeUInt32BE((this.pressing?.at ?? sequence * SAMPLES) >>> 0, 4);
      packet.writeUInt32BE(this.port, 8);
      sequence += 1;
      if (this.pressing && this.pressing.packets >= PRESSED + 3) this.pressing = null;
      this.socket.send(packet, port, host);
    }, 20);
  }

  /** Presses a key of this phone. */
  press(key: string): void {
    this.pressing = { key: KEYS.indexOf(key), packets: 0, at: 0 };
  }

  private keyPacket(number: number, sequence: number): Buffer {
    const pressing = this.pressing ?? { key: 0, packets: 0, at: 0 };
    if (pressing.packets === 0) pressing.at = sequence * SAMPLES;
    pressing.packets += 1;
    const over = pressing.packets > PRESSED;
    const packet = Buffer.alloc(16);
    packet.writeUInt8((pressing.packets === 1 ? 0x80 : 0) | number, 1);
    packet.writeUInt8(pressing.key, 12);
    packet.writeUInt8((over ? 0x80 : 0) | 10, 13);
    packet.writeUInt16BE(Math.min(pressing.packets, PRESSED) * SAMPLES, 14);
    return packet;
  }

  close(): void {
    clearInterval(this.timer);
    this.socket.close();
  }
}

/** Packets for which a key is down. */
const PRESSED = 10;

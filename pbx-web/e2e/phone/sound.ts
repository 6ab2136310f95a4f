import { createSocket, type Socket } from 'node:dgram';

/** A phone's sound: a hum in A-law, a packet every 20 ms, to where the other side listens. */
export class Sound {
  private timer: NodeJS.Timeout | undefined;
  heard = 0;

  private constructor(
    private readonly socket: Socket,
    readonly port: number,
  ) {
    socket.on('message', () => {
      this.heard += 1;
    });
  }

  static async open(): Promise<Sound> {
    const socket = createSocket('udp4');
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
    return new Sound(socket, socket.address().port);
  }

  offer(): string {
    return ['v=0', `o=- ${Date.now()} 1 IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${this.port} RTP/AVP 8`, 'a=rtpmap:8 PCMA/8000', 'a=ptime:20', 'a=sendrecv', ''].join('\r\n');
  }

  /** Begins to send to where the other's description says. */
  sendTo(description: string): void {
    const port = Number(/^m=audio (\d+)/m.exec(description)?.[1] ?? 0);
    const host = /^c=IN IP4 (\S+)/m.exec(description)?.[1] ?? '127.0.0.1';
    if (port === 0 || this.timer) return;
    const packet = Buffer.alloc(12 + 160, 0xd5);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8(8, 1);
    packet.writeUInt32BE(this.port, 8);
    for (let at = 0; at < 160; at += 1) packet.writeUInt8(at % 20 < 10 ? 0xb5 : 0x35, 12 + at);
    let sequence = 0;
    this.timer = setInterval(() => {
      packet.writeUInt16BE(sequence & 0xffff, 2);
      packet.writeUInt32BE((sequence * 160) >>> 0, 4);
      sequence += 1;
      this.socket.send(packet, port, host);
    }, 20);
  }

  close(): void {
    clearInterval(this.timer);
    this.socket.close();
  }
}

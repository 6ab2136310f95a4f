import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * The network between one browser and the product, which a test can cut and mend. What is on its way over a connection
 * waits meanwhile, as it would be sent again; sound that comes then is lost.
 */
export class Road {
  private readonly sockets = new Set<Socket>();
  private readonly ways = new Map<number, Promise<{ port: number; close: () => void }>>();
  private isCut = false;
  /** Packets of sound that were lost here, since the last cut. */
  lost = { out: 0, in: 0 };

  private constructor(
    private readonly server: Server,
    private readonly host: string,
    /** The product's origin, over this road. */
    readonly url: string,
  ) {}

  static async to(product: string): Promise<Road> {
    const { hostname, port } = new URL(product);
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('no port');
    const road = new Road(server, hostname, `http://${hostname}:${address.port}`);
    server.on('connection', (near) => {
      const far = connect(Number(port), hostname);
      road.join(near, far);
      road.join(far, near);
    });
    return road;
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    if (this.isCut) from.pause();
    from.on('data', (piece) => to.write(piece));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
    if (this.isCut) from.pause();
  }

  /** The same description, with the product's sound coming over this road. */
  async through(sdp: string): Promise<string> {
    let led = sdp;
    for (const [line, before = '', port = '', after = ''] of sdp.matchAll(/^(a=candidate:\S+ \d udp \d+ \S+ )(\d+)( typ host.*)$/gim)) {
      const way = await this.way(Number(port));
      led = led.replace(line, `${before}${way.port}${after}`);
    }
    return led;
  }

  private way(port: number): Promise<{ port: number; close: () => void }> {
    const known = this.ways.get(port);
    if (known) return known;
    const made = new Promise<{ port: number; close: () => void }>((done) => {
      const near = createSocket('udp4');
      /** One for each address that the browser tries. */
      const far = new Map<string, Datagrams>();
      near.on('message', (packet, { address, port: from }) => {
        if (this.isCut) {
          this.lost.out += 1;
          return;
        }
        const key = `${address}:${from}`;
        let socket = far.get(key);
        if (!socket) {
          socket = createSocket('udp4');
          far.set(key, socket);
          socket.on('message', (answer) => {
            if (this.isCut) this.lost.in += 1;
            else near.send(answer, from, address);
          });
        }
        socket.send(packet, port, this.host);
      });
      near.bind(0, '127.0.0.1', () =>
        done({
          port: near.address().port,
          close: () => {
            near.close();
            far.forEach((socket) => socket.close());
          },
        }),
      );
    });
    this.ways.set(port, made);
    return made;
  }

  cut(): void {
    this.isCut = true;
    this.lost = { out: 0, in: 0 };
    this.sockets.forEach((socket) => socket.pause());
  }

  mend(): void {
    this.isCut = false;
    this.sockets.forEach((socket) => socket.resume());
  }

  async close(): Promise<void> {
    for (const way of this.ways.values()) (await way).close();
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise<void>((done) => this.server.close(() => done()));
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Recording } from './recording';

/** Milliseconds until what has not come is missed. */
const PATIENCE = 60_000;
/** Where it listens, on an address of loopback of its own. */
const SIP = 15_060;
const CONTROL = 15_062;

interface Told {
  type: string;
  param: string;
}

let started = 0;
/** Neighbours have other processes, and phones of the server's tests another range. */
function ownAddress(): string {
  started += 1;
  return `127.${64 | ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${(process.pid & 127) + started}`;
}

/** Debian's baresip as a telephone on a desk: it speaks G.711, plays a tone and records what it hears. */
export class Baresip {
  private readonly open: Told[] = [];
  private readonly history: string[] = [];
  private readonly answers: ((said: { ok: boolean; data: string }) => void)[] = [];
  private news: () => void = () => undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly control: Socket,
    private readonly folder: string,
  ) {
    let rest = Buffer.alloc(0);
    control.on('data', (piece) => {
      rest = Buffer.concat([rest, piece]);
      // Each is `<length>:<json>,`.
      for (let colon = rest.indexOf(':'); colon > 0; colon = rest.indexOf(':')) {
        const length = Number(rest.subarray(0, colon).toString());
        if (rest.length < colon + length + 2) return;
        const said = JSON.parse(rest.subarray(colon + 1, colon + 1 + length).toString()) as { response?: boolean; ok: boolean; data: string; type: string; param: string };
        rest = rest.subarray(colon + length + 2);
        if (said.response) this.answers.shift()?.(said);
        else {
          this.open.push(said);
          this.history.push(`${said.type} ${said.param}`);
          this.news();
        }
      }
    });
  }

  /** Switches one on, which registers at once. `hertz`: what it plays into its calls. */
  static async start(server: { host: string; port: number }, login: { username: string; password: string; realm: string }, hertz: number): Promise<Baresip> {
    const folder = await mkdtemp(join(tmpdir(), 'e2e-baresip-'));
    const address = ownAddress();
    const tone = join(folder, 'tone.wav');
    await Recording.sine(hertz, 300).write(tone);
    await writeFile(join(folder, 'accounts'), '');
    await writeFile(join(folder, 'contacts'), '');
    await writeFile(
      join(folder, 'config'),
      Object.entries({
        poll_method: 'epoll',
        net_interface: address,
        sip_listen: `${address}:${SIP}`,
        ctrl_tcp_listen: `${address}:${CONTROL}`,
        module_path: '/usr/lib/baresip/modules',
        module: ['g711.so', 'aufile.so', 'sndfile.so'],
        module_app: ['menu.so', 'ctrl_tcp.so'],
        module_tmp: 'account.so',
        audio_source: `aufile,${tone}`,
        audio_player: 'none,none',
        audio_alert: 'none,none',
        snd_path: folder,
        ringback_disabled: 'yes',
        menu_bell: 'no',
        statmode_default: 'off',
        jitter_buffer_delay: '5-10',
      })
        .flatMap(([key, value]) => [value].flat().map((one) => `${key} ${one}\n`))
        .join(''),
    );
    // Its output would wait in a buffer until much of it has come together.
    const child = spawn('stdbuf', ['-oL', 'baresip', '-4', '-t', '600', '-f', folder], { stdio: ['ignore', 'pipe', 'ignore'] });
    const last = () => child.kill('SIGKILL');
    process.once('exit', last);
    child.once('exit', () => process.off('exit', last));
    await within(
      new Promise<void>((done, failed) => {
        let said = '';
        child.stdout.on('data', (piece: Buffer) => {
          said += piece.toString();
          if (said.includes('baresip is ready')) done();
        });
        child.once('error', failed);
        child.once('exit', () => failed(new Error(`baresip does not start: apt-get install baresip-core\n${said}`)));
      }),
      () => 'baresip does not come up',
    );
    const control = connect(CONTROL, address);
    await new Promise<void>((done, failed) => control.once('connect', () => done()).once('error', failed));
    const phone = new Baresip(child, control, folder);
    const { username, password, realm } = login;
    // Added now that we listen: no event is missed. Not the quotes last: it takes them for its own.
    await phone.command('uanew', `"" <sip:${username}@${realm};transport=udp>;answermode=manual;audio_codecs=PCMA,PCMU;auth_user=${username};auth_pass=${password};outbound="sip:${server.host}:${server.port};transport=udp";regint=300`);
    await phone.command('uafind', `sip:${username}@${realm}`);
    return phone;
  }

  /** Registers as soon as the exchange knows the phone: what was made in the portal reaches it a moment later. */
  registered = (): Promise<void> => this.told('REGISTER_OK');
  dial = (number: string): Promise<string> => this.command('dial', number);
  called = (): Promise<void> => this.told('CALL_INCOMING');
  answer = (): Promise<string> => this.command('accept');
  established = (): Promise<void> => this.told('CALL_ESTABLISHED');
  hangUp = (): Promise<string> => this.command('hangup');
  closed = (): Promise<void> => this.told('CALL_CLOSED');

  /** The next event of this kind that nobody waited for before. */
  private async told(kind: string): Promise<void> {
    const found = () => {
      const at = this.open.findIndex(({ type }) => type === kind);
      if (at >= 0) this.open.splice(at, 1);
      return at >= 0;
    };
    if (found()) return;
    await within(
      new Promise<void>((done) => {
        this.news = () => {
          if (found()) done();
        };
      }),
      () => `${kind} did not come, but ${this.history.join(', ')}`,
    );
  }

  async command(command: string, params?: string): Promise<string> {
    const text = JSON.stringify({ command, ...(params === undefined ? {} : { params }) });
    const answered = new Promise<{ ok: boolean; data: string }>((done) => this.answers.push(done));
    this.control.write(`${Buffer.byteLength(text)}:${text},`);
    const { ok, data } = await within(answered, () => `no answer to ${command}`);
    if (!ok) throw new Error(`baresip refuses ${command}: ${data}`);
    return data;
  }

  /** What it has heard in its latest call so far. */
  async heard(): Promise<Recording | null> {
    const files = (await readdir(this.folder)).filter((file) => /^dump-.*-dec\.wav$/.test(file)).sort();
    const newest = files.at(-1);
    return newest ? Recording.read(join(this.folder, newest)) : null;
  }

  async close(): Promise<void> {
    const gone = new Promise<void>((done) => this.child.once('exit', () => done()));
    this.control.destroy();
    this.child.kill('SIGTERM');
    await gone;
    await rm(this.folder, { recursive: true, force: true });
  }
}

function within<T>(what: Promise<T>, missed: () => string): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  return Promise.race([
    what,
    new Promise<never>((_, failed) => {
      late = setTimeout(() => failed(new Error(missed())), PATIENCE);
    }),
  ]).finally(() => clearTimeout(late));
}

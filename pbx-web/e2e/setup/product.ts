import { spawn, spawnSync } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A phone of the demo: what it registers with. */
export interface DemoPhone {
  extension: string;
  name: string;
  username: string;
  password: string;
  realm: string;
}

/** A running product with the demo in it. */
export interface Product {
  /** Origin of the portal, no slash at the end. */
  url: string;
  sip: { host: string; port: number };
  /** Of every login of the demo. */
  password: string;
  phones: DemoPhone[];
}

const web = fileURLToPath(new URL('../..', import.meta.url));

/** Milliseconds until a product that is not ready has failed; the first start makes a database. */
const READY_WITHIN = 90_000;
const STOPPED_WITHIN = 15_000;

/** `settings`: variables of its configuration, as `VOXERA_ENGINE`. */
export async function startProduct(settings: Record<string, string> = {}): Promise<{ product: Product; stop: () => Promise<void> }> {
  const binary = resolve(web, process.env.VOXERA_BIN ?? '../pbx-server/target/debug/voxera');
  await access(binary).catch(() => {
    throw new Error(`There is no product at ${binary}: build it (make build) or name it in VOXERA_BIN.`);
  });
  const home = await mkdtemp(join(tmpdir(), 'e2e-'));
  // As root, PostgreSQL runs as another user and must reach its folder.
  await chmod(home, 0o755);
  const state = join(home, 'state');
  const listen = `127.0.0.1:${await freePort()}`;
  const sipListen = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, ['serve', '--demo', '--next-free-ports', '--state-dir', state, '--listen', listen, '--sip-listen', sipListen], {
    cwd: home,
    // Its configuration is this and no other; a key that it does not know stops it.
    env: { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VOXERA_'))), VOXERA_LIMITS_REQUESTS_PER_MINUTE: '10000000', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const hear = (piece: Buffer) => {
    said = (said + piece.toString()).slice(-20_000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  // When this process is ended from outside, nothing of it is left behind.
  const last = () => child.kill('SIGTERM');
  process.once('exit', last);

  const stop = async () => {
    process.off('exit', last);
    const database = await readFile(join(state, 'postgres/postmaster.pid'), 'utf8').then((text) => Number(text.split('\n')[0]), () => 0);
    if (!gone()) child.kill('SIGTERM');
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      if (database > 1) spawnSync('kill', ['-INT', String(database)]);
    }, STOPPED_WITHIN);
    await ended;
    clearTimeout(late);
    await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };

  try {
    const product = await untilReady(join(state, 'demo.json'), gone);
    const portal = await fetch(product.url);
    if (!portal.ok) throw new Error('it has no portal: npm run build, then build the product.');
    return { product, stop };
  } catch (error) {
    await stop();
    throw new Error(`The product did not start: ${(error as Error).message}\n${said}`, { cause: error });
  }
}

/** The demo's file says where everything is, once the product answers there. */
async function untilReady(file: string, gone: () => boolean): Promise<Product> {
  const give_up = Date.now() + READY_WITHIN;
  while (!gone()) {
    const demo = await readFile(file, 'utf8').then((text) => JSON.parse(text) as { portal: string | null; sip: string | null; password: string; phones: DemoPhone[] }, () => null);
    if (demo?.portal && demo.sip) {
      const url = demo.portal.replace(/\/$/, '');
      const ready = await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
      const [host = '', port = ''] = demo.sip.split(':');
      if (ready) return { url, sip: { host, port: Number(port) }, password: demo.password, phones: demo.phones };
    }
    if (Date.now() > give_up) throw new Error('not ready in time');
    await new Promise((again) => setTimeout(again, 100));
  }
  throw new Error('it ended');
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

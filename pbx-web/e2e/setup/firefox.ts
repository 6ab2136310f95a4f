import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import playwright, { type Browser, type BrowserType } from '@playwright/test';

const there = (known: string[]): string | undefined => known.find((path) => existsSync(path));
const FIREFOX = process.env.FIREFOX ?? there(['/usr/bin/firefox-esr', '/usr/bin/firefox']);
/** Firefox plays and measures nothing where no sound system runs. */
const PULSEAUDIO = there(['/usr/bin/pulseaudio']);

/** What keeps walks in Firefox from going; null: nothing. Nobody has to have these, and nothing here installs them. */
export const noFirefox: string | null = !FIREFOX ? 'no Firefox (apt install firefox-esr)' : !PULSEAUDIO ? 'no PulseAudio (apt install pulseaudio)' : null;

/** Firefox as it is installed, driven over WebDriver BiDi, with a sound system that nobody hears. */
export async function startFirefox(): Promise<{ firefox: Browser; stop: () => Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'e2e-firefox-'));
  const socket = join(home, 'pulse');
  const sound = spawn(PULSEAUDIO ?? '', ['-n', '--use-pid-file=no', '--exit-idle-time=-1', '--daemonize=no', '-L', 'module-null-sink', '-L', `module-native-protocol-unix socket=${socket} auth-anonymous=1`], {
    env: { ...process.env, HOME: home, PULSE_RUNTIME_PATH: home },
    stdio: 'ignore',
  });
  const gone = once(sound, 'exit');
  // Not announced in the library's types yet.
  const { _bidiFirefox } = playwright as unknown as { _bidiFirefox: BrowserType };
  const firefox = await _bidiFirefox.launch({
    executablePath: FIREFOX ?? '',
    env: { ...process.env, PULSE_SERVER: `unix:${socket}` },
    firefoxUserPrefs: {
      'media.navigator.streams.fake': true,
      'permissions.default.microphone': 1,
      'media.autoplay.default': 0,
      // Everything here is on one machine; without this and a microphone that is allowed, it looks for no way of sound there.
      'media.peerconnection.ice.loopback': true,
      'ui.prefersReducedMotion': 1,
    },
  });
  return {
    firefox,
    stop: async () => {
      await firefox.close();
      sound.kill();
      await gone;
      await rm(home, { recursive: true, force: true });
    },
  };
}

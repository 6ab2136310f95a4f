import { existsSync } from 'node:fs';

const KNOWN = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * The system's Chromium, with a microphone that plays the file `microphone` again and again instead of the machine's;
 * as root it cannot have its sandbox.
 */
export function browserOptions(microphone: string): { executablePath: string; args: string[] } {
  const named = process.env.CHROMIUM;
  const executablePath = named ?? KNOWN.find((path) => existsSync(path));
  if (!executablePath || !existsSync(executablePath)) {
    throw new Error(`There is no Chromium at ${named ?? KNOWN.join(', ')}: apt install chromium, or name one in CHROMIUM.`);
  }
  return { executablePath, args: ['--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])] };
}

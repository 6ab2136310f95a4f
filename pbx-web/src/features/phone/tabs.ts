/** One of the browser's tabs is the phone; the others show it and tell it what to do. */
import type { PhoneState } from './calls';
import type { Command } from './commands';

type Said = { kind: 'state'; state: PhoneState } | { kind: 'hello' } | { kind: 'do'; command: Command };

export class Tabs {
  private readonly channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel('voxera.phone') : null;
  private readonly end = new AbortController();
  private release: (() => void) | null = null;
  leads = false;

  constructor(private readonly on: { lead: () => void; state: (state: PhoneState) => void; command: (command: Command) => void; asked: () => PhoneState }) {
    this.channel?.addEventListener('message', ({ data }: MessageEvent<Said>) => {
      if (data.kind === 'state' && !this.leads) on.state(data.state);
      if (data.kind === 'hello' && this.leads) this.tell(on.asked());
      if (data.kind === 'do' && this.leads) on.command(data.command);
    });
    this.channel?.postMessage({ kind: 'hello' } satisfies Said);
    const locks = (navigator as { locks?: LockManager }).locks;
    const lead = () => {
      this.leads = true;
      on.lead();
    };
    // Without locks there is no microphone either (http): one tab is as good as another.
    if (!locks) lead();
    else {
      locks
        .request('voxera-phone', { signal: this.end.signal }, () => {
          if (this.end.signal.aborted) return;
          lead();
          // Kept until this tab is closed or the person signs out.
          return new Promise<void>((done) => {
            this.release = done;
          });
        })
        .catch(() => undefined);
    }
  }

  tell(state: PhoneState): void {
    if (this.leads) this.channel?.postMessage({ kind: 'state', state } satisfies Said);
  }

  ask(command: Command): void {
    if (this.leads) this.on.command(command);
    else this.channel?.postMessage({ kind: 'do', command } satisfies Said);
  }

  leave(): void {
    this.end.abort();
    this.leads = false;
    this.release?.();
    this.channel?.close();
  }
}

import { describe, expect, it } from 'vitest';
import { Judge, lookAt, type Look } from './quality';

const look = (at: number, received: number, more: Partial<Look> = {}): Look => ({ at, received, lost: 0, jitter: 0.004, delay: 0.02, codec: 'Opus', spoken: at, ...more });
const open = { quiet: false, muted: false };

describe('what the statistics say', () => {
  it('is read from the rows that matter', () => {
    const report = new Map<string, unknown>([
      ['I', { type: 'inbound-rtp', kind: 'audio', packetsReceived: 50, packetsLost: 1, jitter: 0.003, codecId: 'C' }],
      ['C', { type: 'codec', mimeType: 'audio/opus' }],
      ['R', { type: 'remote-inbound-rtp', kind: 'audio', roundTripTime: 0.011 }],
      ['S', { type: 'media-source', kind: 'audio', totalAudioEnergy: 0.5 }],
    ]);
    expect(lookAt(report, 7)).toEqual({ at: 7, received: 50, lost: 1, jitter: 0.003, delay: 0.011, codec: 'Opus', spoken: 0.5 });
    expect(lookAt(new Map(), 7)).toBeNull();
  });
});

describe('the sound', () => {
  it('is good while all comes, and worse the more is lost', () => {
    const judge = new Judge();
    expect(judge.judge(look(0, 0), open).sound.grade).toBe('good');
    expect(judge.judge(look(1000, 49, { lost: 1 }), open).sound.grade).toBe('fair');
    expect(judge.judge(look(2000, 90, { lost: 10 }), open).sound).toMatchObject({ grade: 'poor', loss: 0.1 });
  });
  it('is judged by the last seconds alone', () => {
    const judge = new Judge();
    judge.judge(look(0, 0), open);
    judge.judge(look(1000, 30, { lost: 20 }), open);
    for (let second = 2; second <= 7; second += 1) judge.judge(look(second * 1000, second * 50, { lost: 20 }), open);
    expect(judge.judge(look(8000, 400, { lost: 20 }), open).sound.grade).toBe('good');
  });
});

describe('the audio doctor', () => {
  it('says when nothing is heard for two seconds, and stops saying it when something comes', () => {
    const judge = new Judge();
    judge.judge(look(0, 10), open);
    expect(judge.judge(look(1000, 10), open).trouble).toBeNull();
    expect(judge.judge(look(2000, 10), open).trouble).toBe('nothing_heard');
    expect(judge.judge(look(3000, 11), open).trouble).toBeNull();
  });
  it('expects nothing while the call is on hold', () => {
    const judge = new Judge();
    for (let second = 0; second < 6; second += 1) expect(judge.judge(look(second * 1000, 10), { quiet: true, muted: false }).trouble).toBeNull();
    expect(judge.judge(look(7000, 10), open).trouble).toBe('nothing_heard');
  });
  it('says when the microphone gives nothing at all, unless it is muted on purpose', () => {
    const judge = new Judge();
    for (let second = 0; second < 6; second += 1) judge.judge(look(second * 1000, second * 50, { spoken: 1 }), open);
    expect(judge.judge(look(6000, 300, { spoken: 1 }), open).trouble).toBe('microphone_silent');
    expect(judge.judge(look(7000, 350, { spoken: 1 }), { quiet: false, muted: true }).trouble).toBeNull();
  });
});

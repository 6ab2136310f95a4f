import { useCallback, useEffect, useRef, useState } from 'react';

export type Trouble = 'refused' | 'missing' | 'insecure' | 'failed';
export type Recording =
  | { state: 'idle' }
  | { state: 'asking' }
  /** `levels`: the loudest of each moment so far, 0 to 255. */
  | { state: 'recording'; seconds: number; level: number; levels: readonly number[] }
  | { state: 'recorded'; sound: Blob; seconds: number; levels: readonly number[] }
  | { state: 'trouble'; trouble: Trouble };

/** Milliseconds between two looks at the level. */
const LOOK = 80;
/** What browsers record and the server takes, the better first. */
const KINDS = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4'];
/** Speech is well below full scale; the meter shows it over its whole length. */
const GAIN = 2.2;

/** Records from the microphone, `longest` seconds at most. What is recorded stays here until it is saved. */
export function useRecorder(longest: number): { recording: Recording; start: () => void; stop: () => void; clear: () => void } {
  const [recording, setRecording] = useState<Recording>({ state: 'idle' });
  const end = useRef<((keep: boolean) => void) | null>(null);
  const attempt = useRef(0);

  const clear = useCallback(() => {
    attempt.current += 1;
    end.current?.(false);
    setRecording({ state: 'idle' });
  }, []);
  // The microphone is let go of with the page.
  useEffect(() => clear, [clear]);

  const start = useCallback(() => {
    end.current?.(false);
    const mine = ++attempt.current;
    const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
    if (!devices || typeof MediaRecorder === 'undefined') {
      setRecording({ state: 'trouble', trouble: 'insecure' });
      return;
    }
    setRecording({ state: 'asking' });
    devices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: true, autoGainControl: true } }).then(
      (stream) => {
        if (attempt.current !== mine) stream.getTracks().forEach((track) => track.stop());
        else end.current = run(stream, longest, setRecording, () => (end.current = null));
      },
      (error: unknown) => {
        if (attempt.current !== mine) return;
        const name = error instanceof DOMException ? error.name : '';
        setRecording({ state: 'trouble', trouble: name === 'NotAllowedError' || name === 'SecurityError' ? 'refused' : name === 'NotFoundError' ? 'missing' : 'failed' });
      },
    );
  }, [longest]);

  const stop = useCallback(() => end.current?.(true), []);
  return { recording, start, stop, clear };
}

/** Runs one recording; the returned function ends it, with or without what it holds. */
function run(stream: MediaStream, longest: number, show: (recording: Recording) => void, ended: () => void): (keep: boolean) => void {
  const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
  const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 4096;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const pieces: Blob[] = [];
  const levels: number[] = [];
  const began = performance.now();
  const seconds = () => Math.min(longest, (performance.now() - began) / 1000);
  let keeping = false;
  let length = 0;

  const look = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const level = Math.round(Math.min(1, loudest * GAIN) * 255);
    levels.push(level);
    show({ state: 'recording', seconds: seconds(), level, levels: [...levels] });
    if (seconds() >= longest) finish(true);
  }, LOOK);
  const finish = (keep: boolean) => {
    if (recorder.state === 'inactive') return;
    keeping = keep;
    length = seconds();
    recorder.stop();
  };
  const release = () => {
    clearInterval(look);
    stream.getTracks().forEach((track) => track.stop());
    void context.close();
    ended();
  };
  recorder.ondataavailable = (event) => pieces.push(event.data);
  recorder.onerror = () => {
    keeping = false;
    release();
    show({ state: 'trouble', trouble: 'failed' });
  };
  recorder.onstop = () => {
    release();
    if (!keeping) return;
    const type = (recorder.mimeType || 'audio/webm').split(';')[0] ?? 'audio/webm';
    show({ state: 'recorded', sound: new Blob(pieces, { type }), seconds: length, levels });
  };
  // The microphone was pulled out: what was said until then is kept.
  stream.getAudioTracks()[0]?.addEventListener('ended', () => finish(true));
  show({ state: 'recording', seconds: 0, level: 0, levels: [] });
  recorder.start();
  return finish;
}

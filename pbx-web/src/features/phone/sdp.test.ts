import { expect, it } from 'vitest';
import { keysWithVoice } from './sdp';

const described = (...lines: string[]) => lines.join('\r\n');

it('leaves keys that keep the time of the voice', () => {
  const sdp = described('v=0', 'm=audio 126 UDP/TLS/RTP/SAVPF 111 110 126', 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:110 telephone-event/48000', 'a=fmtp:110 0-15', 'a=rtpmap:126 telephone-event/8000', 'a=fmtp:126 0-15', '');
  expect(keysWithVoice(sdp)).toBe(described('v=0', 'm=audio 126 UDP/TLS/RTP/SAVPF 111 110', 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:110 telephone-event/48000', 'a=fmtp:110 0-15', ''));
});

it('changes nothing where there is only one way', () => {
  const sdp = described('m=audio 9 UDP/TLS/RTP/SAVPF 111 126', 'a=rtpmap:126 telephone-event/8000', '');
  expect(keysWithVoice(sdp)).toBe(sdp);
});

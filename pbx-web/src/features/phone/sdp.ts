/**
 * Leaves one way for keys in what the server describes: that which keeps the time of the voice (48 kHz). Of several,
 * Chromium takes the slowest, on which keys and voice do not fall into one order.
 */
export function keysWithVoice(sdp: string): string {
  const slow = [...sdp.matchAll(/^a=rtpmap:(\d+) telephone-event\/(\d+)/gm)].filter(([, , clock]) => clock !== '48000').map(([, number = '']) => number);
  const kept = sdp.includes('telephone-event/48000');
  if (!kept || slow.length === 0) return sdp;
  return sdp
    .split('\r\n')
    .filter((line) => !slow.some((number) => line.startsWith(`a=rtpmap:${number} `) || line.startsWith(`a=fmtp:${number} `) || line.startsWith(`a=rtcp-fb:${number} `)))
    .map((line) => (line.startsWith('m=audio ') ? line.split(' ').filter((part, at) => at < 3 || !slow.includes(part)).join(' ') : line))
    .join('\r\n');
}

import { createHash, randomBytes } from 'node:crypto';

/** A SIP message, as far as a small phone needs to read it. */
export interface Message {
  start: string;
  headers: [name: string, value: string][];
  body: string;
}

const SHORT: Record<string, string> = { v: 'via', f: 'from', t: 'to', i: 'call-id', m: 'contact', l: 'content-length', c: 'content-type' };

export function parse(text: string): Message {
  const [head = '', body = ''] = text.split(/\r\n\r\n/, 2);
  const [start = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    return [SHORT[name] ?? name, line.slice(colon + 1).trim()];
  });
  return { start, headers, body };
}

export const all = (message: Message, name: string): string[] => message.headers.filter(([known]) => known === name).map(([, value]) => value);
export const one = (message: Message, name: string): string => all(message, name)[0] ?? '';
export const status = (message: Message): number => (message.start.startsWith('SIP/2.0 ') ? Number(message.start.slice(8, 11)) : 0);
export const token = (): string => randomBytes(8).toString('hex');
/** The address inside `<…>`. */
export const target = (field: string): string => /<([^>]+)>/.exec(field)?.[1] ?? field;

/** Answers the first challenge that we can: SHA-256 before MD5. */
export function proof(refusal: Message, method: string, uri: string, { username, password }: { username: string; password: string }): [name: string, value: string] {
  const proxy = status(refusal) === 407;
  const challenges = all(refusal, proxy ? 'proxy-authenticate' : 'www-authenticate').map((field) => Object.fromEntries([...field.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name = '', quoted, bare]) => [name.toLowerCase(), quoted ?? bare ?? ''])));
  const algorithm = (challenge: Record<string, string>): string => challenge.algorithm ?? 'MD5';
  const challenge = challenges.find((found) => algorithm(found) === 'SHA-256') ?? challenges.find((found) => algorithm(found) === 'MD5');
  if (!challenge) throw new Error(`nothing to answer in ${refusal.start}`);
  const hash = (...parts: string[]): string =>
    createHash(algorithm(challenge) === 'MD5' ? 'md5' : 'sha256')
      .update(parts.join(':'))
      .digest('hex');
  const { realm = '', nonce = '' } = challenge;
  const cnonce = token();
  const response = hash(hash(username, realm, password), nonce, '00000001', cnonce, 'auth', hash(method, uri));
  return [
    proxy ? 'Proxy-Authorization' : 'Authorization',
    `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm(challenge)}, qop=auth, nc=00000001, cnonce="${cnonce}"${challenge.opaque ? `, opaque="${challenge.opaque}"` : ''}`,
  ];
}

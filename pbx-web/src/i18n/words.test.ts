import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from './en';
import { me as enMe } from './en/me';
import { nodes as enNodes } from './en/nodes';
import { phone as enPhone } from './en/phone';
import { sv } from './sv';
import { me as svMe } from './sv/me';
import { nodes as svNodes } from './sv/nodes';
import { phone as svPhone } from './sv/phone';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, at = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const path = at ? `${at}.${key}` : key;
    if (typeof value === 'string') all.set(path, value);
    else for (const [inner, words] of flat(value, path)) all.set(inner, words);
  }
  return all;
}

const swedish = flat({ ...sv, ...svMe, ...svNodes, ...svPhone });
const english = flat({ ...en, ...enMe, ...enNodes, ...enPhone });
const holes = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').sort();

function sources(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) return name === 'i18n' ? [] : sources(path);
    return /\.tsx?$/.test(name) && !name.includes('.test.') ? [path] : [];
  });
}

describe('the words', () => {
  it('are the same keys in Swedish and English', () => {
    expect([...english.keys()].sort()).toEqual([...swedish.keys()].sort());
  });
  it('leave the same holes to fill', () => {
    for (const [key, words] of swedish) expect(holes(english.get(key) ?? ''), key).toEqual(holes(words));
  });
  it('are never empty', () => {
    for (const words of [...swedish.values(), ...english.values()]) expect(words.trim()).not.toBe('');
  });
  it('are all used somewhere, by their name or by a family name', () => {
    const code = sources(join(process.cwd(), 'src'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const unused = [...swedish.keys()].filter((key) => {
      const plain = key.replace(/_(one|other)$/, '');
      const family = plain.slice(0, plain.lastIndexOf('.'));
      return !code.includes(`'${plain}'`) && !(family && code.includes('`' + family + '.${'));
    });
    expect(unused).toEqual([]);
  });
});

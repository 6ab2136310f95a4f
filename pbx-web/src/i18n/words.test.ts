import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from './en';
import { auth } from './sv/auth';
import { flows } from './sv/flows';
import { general } from './sv/general';
import { sv } from './sv';
import { me } from './sv/me';
import { nodes } from './sv/nodes';
import { nouns } from './sv/nouns';
import { phone } from './sv/phone';
import { shell } from './sv/shell';
import { telephony } from './sv/telephony';
import type { Part } from '.';

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

const swedish = flat(sv);
const english = flat(en);
const holes = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').sort();
const plain = (key: string): string => key.replace(/_(one|other)$/, '');

const src = join(process.cwd(), 'src');
const read = (path: string): string => readFileSync(path, 'utf8');

function sources(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) return name === 'i18n' ? [] : sources(path);
    return /\.tsx?$/.test(name) && !name.includes('.test.') ? [path] : [];
  });
}

const LATER = /withWords\(\(\) => import\('([^']+)'\)((?:, '\w+')*)\)/g;

/** The file that an import names; null: it is none of ours. */
function file(name: string, from: string): string | null {
  if (!/^(@\/|\.)/.test(name)) return null;
  const path = name.startsWith('@/') ? join(src, name.slice(2)) : join(dirname(from), name);
  return [`${path}.ts`, `${path}.tsx`, join(path, 'index.ts'), join(path, 'index.tsx')].find((found) => existsSync(found)) ?? null;
}

/** A file and all that comes with it, up to what has words of its own. */
function together(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path) || path.includes('/i18n/')) return seen;
  seen.add(path);
  const code = read(path).replace(LATER, '').replace(/^(import|export) type .*$/gm, '');
  for (const [, name = ''] of code.matchAll(/(?:from|import) ?\(?'([^']+)'/g)) {
    const next = file(name, path);
    if (next) together(next, seen);
  }
  return seen;
}

/** What is said in a file: whole keys, and the beginnings of those that are put together. */
function said(code: string): string[] {
  const whole = [...code.matchAll(/'([a-z]\w*(?:\.\w+)*)'/gi)].map(([, key = '']) => key).filter((key) => key.includes('.') || code.includes(`t('${key}'`));
  const begun = [...code.matchAll(/`([a-z]\w*(?:\.\w+)*)\.\$\{/gi)].map(([, family = '']) => `${family}.`);
  return [...whole, ...begun];
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
    const code = sources(src).map(read).join('\n');
    const unused = [...swedish.keys()].filter((key) => {
      const name = plain(key);
      const family = name.slice(0, name.lastIndexOf('.'));
      return !code.includes(`'${name}'`) && !(family && code.includes('`' + family + '.${'));
    });
    expect(unused).toEqual([]);
  });
  it('come with every page that says them', () => {
    const parts: Record<Part, Tree> = { general, auth, shell, nouns, nodes, telephony, flows, me, phone };
    const keysOf = (names: Part[]) => [...new Set(['general' as const, ...names])].flatMap((part) => [...flat(parts[part]).keys()].map(plain));
    const all = new Set([...swedish.keys()].map(plain));
    const later = sources(src).flatMap((path) => [...read(path).matchAll(LATER)].map(([, name = '', names = '']) => ({ path: file(name, path) ?? '', names: [...names.matchAll(/\w+/g)].map(([part]) => part as Part) })));
    expect(later.length).toBeGreaterThanOrEqual(6);
    const missing = [{ path: join(src, 'main.tsx'), names: [] }, ...later].flatMap(({ path, names }) => {
      const there = keysOf(names);
      return [...together(path)].flatMap((one) =>
        said(read(one))
          .filter((key) => (key.endsWith('.') ? [...all].some((word) => word.startsWith(key)) && !there.some((word) => word.startsWith(key)) : all.has(key) && !there.includes(key)))
          .map((key) => `${path.slice(src.length)}: ${key} of ${one.slice(src.length)}`),
      );
    });
    expect(missing).toEqual([]);
  });
});

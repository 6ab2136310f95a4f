// First load in compressed bytes: the entry, what it imports statically, the default language, the style and the font.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT = 250_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** Chunks that every visitor loads at once. */
const first = ['index.html', 'src/i18n/sv/auth.ts', 'src/portals/auth/index.ts'];
const files = new Set(['index.html', 'theme.js']);
const visit = (key) => {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`no chunk ${key} in the manifest`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) visit(next);
};
first.forEach(visit);
const font = Object.values(manifest).find((c) => /inter-latin-wght-normal/.test(c.file))?.file;
if (font) files.add(font);

let total = 0;
for (const file of [...files].sort()) {
  const bytes = readFileSync(new URL(file, dist));
  const size = file.endsWith('.woff2') ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)}  ${file}`);
}
console.log(`${String(total).padStart(8)}  first load, limit ${LIMIT}`);
if (total > LIMIT) process.exit(1);

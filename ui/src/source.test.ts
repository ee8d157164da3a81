// What must not appear in the sources of a page that shows evidence.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = import.meta.dirname;
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith('.test.ts'));
const lines = files.flatMap((name) => readFileSync(join(root, name), 'utf8').split('\n').map((text, idx) => ({ place: `${name}:${idx + 1}`, text })));
const found = (pattern: RegExp): string[] => lines.filter(({ text }) => pattern.test(text)).map(({ place }) => place);

test('evidence is never parsed as HTML', () => {
  expect(found(/\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write/)).toEqual([]);
});

test('nothing but the choice of theme, language and keys is stored in the browser', () => {
  expect(found(/sessionStorage|indexedDB|document\.cookie|caches\./)).toEqual([]);
  const stored = lines.filter(({ text }) => /localStorage\.\w+\(/.test(text)).map(({ text }) => /\((?:'([\w.]+)'|LETTERS)/.exec(text)?.[1] ?? 'zapys.letters');
  expect([...new Set(stored)].sort()).toEqual(['zapys.lang', 'zapys.letters', 'zapys.theme']);
});

test('no address outside this server, no style in markup, no script in text', () => {
  expect(found(/https?:\/\/(?!www\.w3\.org\/)/)).toEqual([]);
  expect(found(/[\s"]style="/)).toEqual([]);
  expect(found(/\beval\(|new Function\(/)).toEqual([]);
});

test('nothing plays by itself', () => {
  expect(found(/\bautoplay\b/)).toEqual([]);
});

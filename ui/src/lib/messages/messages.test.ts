import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { en, type Message } from './en';
import { number, write } from './index.svelte';
import { uk } from './uk';

const keys = Object.keys(en) as (keyof typeof en)[];
const text = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message));
const holes = (part: string): string[] => [...part.matchAll(/\{(\w+)\}/g)].map((match) => (match[1] as string).toLowerCase()).sort();

test('both languages have the same messages, none empty', () => {
  expect(Object.keys(uk).sort()).toEqual([...keys].sort());
  for (const file of [en, uk]) for (const [key, message] of Object.entries(file)) for (const part of text(message)) expect(part.trim(), key).not.toBe('');
});

test('every form of a message fills the same blanks in both languages', () => {
  for (const key of keys) {
    const first = holes(text(en[key])[0] as string).filter((name) => name !== 'n');
    for (const part of [...text(en[key]), ...text(uk[key])]) expect(holes(part).filter((name) => name !== 'n'), `${key}: ${part}`).toEqual(first);
  }
});

test('a plural is a plural in both, with every form the language has', () => {
  for (const key of keys) {
    expect(typeof uk[key], key).toBe(typeof en[key]);
    if (typeof en[key] === 'object') expect(Object.keys(en[key]), key).toEqual(['one', 'other']);
    if (typeof uk[key] === 'object') expect(Object.keys(uk[key]), key).toEqual(['one', 'few', 'many', 'other']);
  }
});

test('Ukrainian counts one, few and many', () => {
  const say = (n: number): string => write(uk['library.found'], 'uk', { n });
  expect([1, 3, 5, 11, 21, 24, 112].map(say)).toEqual(['1 матеріал', '3 матеріали', '5 матеріалів', '11 матеріалів', '21 матеріал', '24 матеріали', '112 матеріалів']);
  expect(write(en['library.found'], 'en', { n: 1284 })).toBe('1\u00a0284 items');
});

test('numbers are grouped by a space, blanks nobody fills stay visible', () => {
  expect([0, 999, 1000, 18204, 1234567].map(number)).toEqual(['0', '999', '1\u00a0000', '18\u00a0204', '1\u00a0234\u00a0567']);
  expect(write('{a} and {b}', 'en', { a: 'x' })).toBe('x and {b}');
});

test('words stay plain: no accusation, praise, exclamation or shouting', () => {
  for (const part of Object.values(en).flatMap(text)) expect(part).not.toMatch(/!|\b(suspects?|victims?|fake|hit rate|AI|great|sorry|oops|please)\b/i);
  for (const part of Object.values(uk).flatMap(text)) expect(part).not.toMatch(/!|підозрюван|жертв|фейк|\bШІ\b|"|'/i);
});

test('every message is used somewhere', () => {
  const root = join(import.meta.dirname, '..', '..');
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(svelte|ts)$/.test(name) && !name.includes('messages/') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
  // Groups that `word()` looks up by what the server sends, and keys built from a name.
  const built = /^(kinds?|status|voice|processing|flag|lost|layers?|matched|manner|datebasis|timebasis|derivation|stage|dstatus|action|actor|way|sensitivity|severity|direction|attachment|mflag|term|theme|sort|reason|key|group|cmd\.theme|intake\.q|rec\.edit\.reach)\./;
  const unused = keys.filter((key) => !built.test(key) && !sources.includes(`'${key}'`) && key !== 'language.unknown');
  expect(unused).toEqual([]);
});

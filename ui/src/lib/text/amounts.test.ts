import { expect, test } from 'vitest';
import { sentence } from './sentence';
import { brief, bytes, digest, left, shortId } from './amounts';

test('sizes are decimal, with the sign of the language', () => {
  expect(bytes(0, 'en')).toBe('0\u00a0B');
  expect(bytes(999, 'en')).toBe('999\u00a0B');
  expect(bytes(1_420_000, 'en')).toBe('1.42\u00a0MB');
  expect(bytes(1_420_000, 'uk')).toBe('1,42\u00a0МБ');
  expect(bytes(985_000, 'en')).toBe('985\u00a0kB');
});

test('time left is in the two largest units', () => {
  expect(left(18_600, 'en')).toBe('5 h 10 min');
  expect(left(4800, 'uk')).toBe('1 год 20 хв');
  expect(left(7200, 'en')).toBe('2 h');
  expect(left(600, 'en')).toBe('10 min');
  expect(left(0.2, 'en')).toBe('1 s');
});

test('digests and IDs are shortened at both ends', () => {
  const id = `sha256:9f3c71e0${'a'.repeat(48)}c2d804be`;
  expect(digest(id)).toBe('9f3c 71e0 … c2d8 04be');
  expect(brief(id)).toBe('9f3c…04be');
  expect(brief('short')).toBe('short');
  expect(shortId('01JD7Q4MABCDEFGHJKMNPQRSTV')).toBe('01JD…PQRSTV');
});

test('a clause becomes a sentence, a sentence stays one', () => {
  expect(sentence('this browser has no session')).toBe('This browser has no session.');
  expect(sentence('Done.')).toBe('Done.');
  expect(sentence('zapys-engine-speech is not installed')).toBe('zapys-engine-speech is not installed.');
  expect(sentence('zapys is busy')).toBe('zapys is busy.');
  expect(sentence('  ')).toBe('');
  expect(sentence(null)).toBe('');
});

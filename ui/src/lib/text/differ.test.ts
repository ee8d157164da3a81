import { expect, test } from 'vitest';
import { differing } from './differ';

test('words that only one text has are told apart, and no word is lost', () => {
  const [a, b] = differing('Опись не делали, сказали потом.', 'опись делали. Сказали: завтра потом');
  expect(a).toEqual([{ text: 'Опись ', idx: -1 }, { text: 'не', idx: 0 }, { text: ' делали, сказали потом.', idx: -1 }]);
  expect(b.filter((piece) => piece.idx === 0)).toEqual([{ text: 'завтра', idx: 0 }]);
  expect(b.map((piece) => piece.text).join('')).toBe('опись делали. Сказали: завтра потом');
});

test('nothing and everything', () => {
  expect(differing('', '')).toEqual([[], []]);
  expect(differing('так', '')).toEqual([[{ text: 'так', idx: 0 }], []]);
  expect(differing('a b', 'a b')[0]).toEqual([{ text: 'a b', idx: -1 }]);
});

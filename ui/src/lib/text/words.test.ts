import { expect, test } from 'vitest';
import { excerpt, marked, mended, perBlock, pieces } from './words';

const joined = (parts: { text: string }[]): string => parts.map((part) => part.text).join('');

test('words found in the text leave every letter where it was', () => {
  const text = 'Опись не делали.  Сказали, потом.';
  const parts = pieces(text, [{ text: 'Опись' }, { text: 'не' }, { text: 'делали.' }, { text: 'Сказали,' }, { text: 'потом.' }]);
  expect(joined(parts)).toBe(text);
  expect(parts.filter((part) => part.idx >= 0).map((part) => part.text)).toEqual(['Опись', 'не', 'делали.', 'Сказали,', 'потом.']);
});

test('a word repeated is found in its own place', () => {
  const parts = pieces('да да', [{ text: 'да' }, { text: 'да' }]);
  expect(parts.map((part) => part.idx)).toEqual([0, -1, 1]);
});

test('where words and text differ the words are shown, each with its time', () => {
  const parts = pieces('опись делали', [{ text: 'Опись' }, { text: 'не' }, { text: 'делали' }]);
  expect(joined(parts)).toBe('Опись не делали');
  expect(joined(pieces('а не было', [{ text: 'а' }, { text: 'было' }]))).toBe('а было');
  expect(pieces('нет слов', [])).toEqual([{ text: 'нет слов', idx: -1 }]);
  expect(pieces('', [])).toEqual([]);
});

test('a text that a person mended stands whole, with the words that are still in it', () => {
  const text = 'Ні, невідомо: не робили (справді) опис';
  const parts = mended(text, [{ text: 'не' }, { text: 'робили' }, { text: 'зник' }, { text: 'опис' }]);
  expect(joined(parts)).toBe(text);
  expect(parts.filter((part) => part.idx >= 0)).toEqual([{ text: 'не', idx: 0 }, { text: 'робили', idx: 1 }, { text: 'опис', idx: 3 }]);
  expect(parts.findIndex((part) => part.idx === 0)).toBe(1);
  expect(mended('усе інакше', [])).toEqual([{ text: 'усе інакше', idx: -1 }]);
  expect(mended('', [])).toEqual([]);
});

test('marks count characters, not UTF-16 units', () => {
  const parts = marked('😀 ящики тут', [[2, 7]]);
  expect(parts).toEqual([{ text: '😀 ', idx: -1 }, { text: 'ящики', idx: 0 }, { text: ' тут', idx: -1 }]);
});

test('marks that overlap, run backwards or past the end do no harm', () => {
  expect(joined(marked('абвгд', [[0, 3], [2, 4], [4, 3], [4, 99]]))).toBe('абвгд');
  expect(marked('абвгд', [[4, 99]]).at(-1)).toEqual({ text: 'д', idx: 0 });
  expect(marked('<b>x</b>', [])).toEqual([{ text: '<b>x</b>', idx: -1 }]);
});

test('quotes over joined paragraphs come back to each paragraph', () => {
  const blocks = [{ text: 'абв' }, { text: 'где' }, { text: '' }, { text: 'жзи' }];
  expect(perBlock(blocks, [{ start: 1, end: 6 }, { start: 9, end: 12 }])).toEqual([
    [{ range: [1, 3], idx: 0 }],
    [{ range: [0, 2], idx: 0 }],
    [],
    [{ range: [0, 3], idx: 1 }],
  ]);
});

test('an excerpt keeps the first mark and its place', () => {
  const text = `${'слово '.repeat(80)}ЯЩИКИ ${'ещё '.repeat(80)}`;
  const start = [...text].indexOf('Я');
  const cut = excerpt(text, [[start, start + 5]], 120);
  expect([...cut.text].length).toBeLessThanOrEqual(122);
  const [from, to] = cut.ranges[0] as [number, number];
  expect([...cut.text].slice(from, to).join('')).toBe('ЯЩИКИ');
  expect(excerpt('коротко', [[0, 3]])).toEqual({ text: 'коротко', ranges: [[0, 3]] });
});

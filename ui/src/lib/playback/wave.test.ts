import { expect, test } from 'vitest';
import { layMarks } from './marks';
import { bars, follow, gain, loudest, place, span, ticks, zoom } from './wave';

// Six buckets of 10 ms.
const pairs = [-1, 1, -2, 5, -9, 2, -3, 3, 0, 0, -4, 127];

test('a span takes the extremes of every bucket it touches', () => {
  expect(span(pairs, 10, 0, 10)).toEqual([-1, 1]);
  expect(span(pairs, 10, 5, 25)).toEqual([-9, 5]);
  expect(span(pairs, 10, 22, 23)).toEqual([-9, 2]);
  expect(span(pairs, 10, 50, 500)).toEqual([-4, 127]);
  expect(span(pairs, 10, 60, 70)).toBeNull();
  expect(span([], 10, 0, 10)).toBeNull();
});

test('bars cover the view and lose no peak', () => {
  const all = bars(pairs, 10, { start: 0, end: 60 }, 3);
  expect(all).toEqual([[-2, 5], [-9, 3], [-4, 127]]);
  expect(bars(pairs, 10, { start: 40, end: 80 }, 4).slice(2)).toEqual([null, null]);
});

test('one gain for all lanes, at most eightfold', () => {
  expect(loudest([[-3, 4], [-60, 20]])).toBe(60);
  expect(gain(127)).toBe(1);
  expect(gain(60)).toBeCloseTo(127 / 60);
  expect(gain(2)).toBe(8);
  expect(gain(0)).toBe(1);
});

test('ticks are round and far enough apart', () => {
  expect(ticks({ start: 72_000, end: 126_000 }, 888)).toEqual([75, 80, 85, 90, 95, 100, 105, 110, 115, 120, 125].map((s) => s * 1000));
  expect(ticks({ start: 0, end: 0 }, 888)).toEqual([]);
  const many = ticks({ start: 0, end: 7_200_000 }, 600);
  expect(many.length).toBeLessThanOrEqual(9);
});

test('a view stays inside the recording', () => {
  expect(place(-50, 100, 1000)).toEqual({ start: 0, end: 100 });
  expect(place(950, 100, 1000)).toEqual({ start: 900, end: 1000 });
  expect(place(10, 5000, 1000)).toEqual({ start: 0, end: 1000 });
});

test('zooming keeps the anchor where it is', () => {
  const view = zoom({ start: 10_000, end: 50_000 }, 0.5, 20_000, 100_000);
  expect(view).toEqual({ start: 15_000, end: 35_000 });
  expect(zoom({ start: 0, end: 2000 }, 0.5, 1000, 100_000)).toEqual({ start: 0, end: 2000 });
  expect(zoom({ start: 0, end: 60_000 }, 10, 0, 90_000)).toEqual({ start: 0, end: 90_000 });
});

test('the page turns only when the cursor has left it', () => {
  const view = { start: 0, end: 10_000 };
  expect(follow(view, 9_999, 60_000)).toBe(view);
  expect(follow(view, 10_000, 60_000)).toEqual({ start: 9_000, end: 19_000 });
  expect(follow(view, 59_999, 60_000)).toEqual({ start: 50_000, end: 60_000 });
});

test('marks never stand on one another; where there is no room the word goes, then the mark', () => {
  const segments = [
    { start_ms: 0, end_ms: 900, flags: ['negation', 'overlap'] },
    { start_ms: 1000, end_ms: 1100, flags: ['repetition'] },
    { start_ms: 1010, end_ms: 1100, flags: ['repetition'] },
    { start_ms: 5000, end_ms: 6000, flags: ['no-speech'] },
    { start_ms: 20_000, end_ms: 21_000, flags: ['negation'] },
  ];
  const marks = layMarks(segments, { start: 0, end: 10_000 }, 1000, () => 8);
  expect(marks.map((mark) => mark.segment)).toEqual([0, 0, 1, 3]);
  expect(marks.map((mark) => mark.text)).toEqual([true, false, false, true]);
  for (const [idx, mark] of marks.entries()) expect(mark.x).toBeGreaterThanOrEqual((marks[idx - 1]?.x ?? -100) + 16);
});

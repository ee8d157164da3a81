import { expect, test } from 'vitest';
import { addRange, at, lanes, lastStarted, pauses, sounding, wordAt, type Timed } from './cursor';

const spans = (...pairs: [number, number][]): Timed[] => pairs.map(([start_ms, end_ms]) => ({ start_ms, end_ms }));

test('an entry holds its start and not its end', () => {
  const entries = spans([100, 200], [200, 300], [400, 500]);
  expect([99, 100, 199, 200, 300, 350, 400, 500].map((ms) => at(entries, ms))).toEqual([-1, 0, 0, 1, -1, -1, 2, -1]);
  expect([0, 100, 350, 9999].map((ms) => lastStarted(entries, ms))).toEqual([-1, 0, 1, 2]);
  expect(lastStarted([], 5)).toBe(-1);
});

test('the binary search agrees with looking one by one', () => {
  let seed = 11;
  const next = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  const entries: Timed[] = [];
  for (let start = 0, idx = 0; idx < 500; idx++) {
    start += next(400);
    entries.push({ start_ms: start, end_ms: start + next(300) });
  }
  for (let ms = 0; ms < 90_000; ms += 137) expect(lastStarted(entries, ms)).toBe(entries.findLastIndex((entry) => entry.start_ms <= ms));
});

test('a word is held until the next begins, and not past its segment', () => {
  const words = spans([100, 150], [200, 260]);
  expect([50, 120, 180, 210, 280, 300].map((ms) => wordAt(words, ms, 300))).toEqual([-1, 0, 0, 1, 1, -1]);
});

test('two voices at once each sound', () => {
  const segments = [
    { start_ms: 0, end_ms: 1000, channel: 0 },
    { start_ms: 500, end_ms: 1500, channel: 1 },
    { start_ms: 1200, end_ms: 2000, channel: 0 },
  ];
  const all = lanes(segments);
  expect(all.map((lane) => lane.places)).toEqual([[0, 2], [1]]);
  expect([100, 700, 1100, 1300, 1700, 2500].map((ms) => sounding(all, ms))).toEqual([[0], [0, 1], [1], [1, 2], [2], []]);
});

test('heard ranges join where they touch and stay in order', () => {
  expect(addRange([], 5, 5)).toEqual([]);
  let heard = addRange([], 100, 200);
  heard = addRange(heard, 400, 500);
  expect(addRange(heard, 200, 300)).toEqual([[100, 300], [400, 500]]);
  expect(addRange(heard, 150, 450)).toEqual([[100, 500]]);
  expect(addRange(heard, 0, 50)).toEqual([[0, 50], [100, 200], [400, 500]]);
});

test('pauses lie between segments, whoever speaks', () => {
  expect(pauses(spans([1000, 2000], [1500, 4000], [4200, 5000]), 9000)).toEqual([[0, 1000], [5000, 9000]]);
});

import { expect, test } from 'vitest';
import { clock, isoLength } from './time';

test.each([
  [0, 1, '00:00.0'],
  [83_000, 1, '01:23.0'],
  [88_059, 2, '01:28.05'],
  [252_699, 1, '04:12.6'],
  [59_999, 0, '00:59'],
  [3_723_400, 1, '1:02:03.4'],
  [-5, 1, '00:00.0'],
  [Number.NaN, 1, '00:00.0'],
])('clock(%d, %d) is %s', (ms, decimals, text) => {
  expect(clock(ms, decimals)).toBe(text);
});

test('the machine form of a length is in seconds', () => {
  expect(isoLength(83_200)).toBe('PT83.2S');
});

import { expect, test } from 'vitest';
import { edtf, isEdtf } from './dates';
import { monthBars } from './months';

test.each([
  ['2022', '2022', '2022'],
  ['202X', '2020s', '2020-ті'],
  ['2022-XX', '2022, month unknown', '2022, місяць невідомий'],
  ['2022-03', 'March 2022', 'березень 2022'],
  ['2022-03-14', '14 Mar 2022', '14.03.2022'],
  ['2022-03-1X', '10–19 March 2022', '10–19 березня 2022'],
  ['2022-02-2X', '20–28 February 2022', '20–28 лютого 2022'],
  ['2022-03-XX', 'March 2022, day unknown', 'березень 2022, день невідомий'],
  ['2022-03-11~', 'about 11 Mar 2022', 'близько 11.03.2022'],
  ['2022?', 'perhaps 2022', 'можливо, 2022'],
  ['2021/2023', '2021 to 2023', '2021 – 2023'],
  ['2022-03/..', 'since March 2022', 'від березень 2022'],
  ['2022-03-12T18:40:00+02:00', '12 Mar 2022, 18:40 +02:00', '12.03.2022, 18:40 +02:00'],
  ['2022-03-12T18:40:00Z', '12 Mar 2022, 18:40 UTC', '12.03.2022, 18:40 UTC'],
  ['2022-03-12T18:40', '12 Mar 2022, 18:40', '12.03.2022, 18:40'],
  ['in the spring', 'in the spring', 'in the spring'],
  ['2022-13', '2022-13', '2022-13'],
])('%s reads as "%s" and "%s"', (text, en, uk) => {
  expect(edtf(text, 'en')).toBe(en);
  if (text !== '2022-03/..') expect(edtf(text, 'uk')).toBe(uk);
});

test('a date form is told from free words', () => {
  for (const good of ['2022', '2022-03', ' 2022-03-14 ', '2022-03-1X', '2022~', '2021/2023', '2022/..']) expect(isEdtf(good), good).toBe(true);
  for (const bad of ['', 'March 22', '22-03-14', '2022-3', '2022-13', '..', '../..', '2021/2022/2023']) expect(isEdtf(bad), bad).toBe(false);
});

test('months without items keep their place, and many join into few bars', () => {
  expect(monthBars({ '2022-05': 3, '2022-03': 1, bad: 9 }, 12)).toEqual([
    { from: '2022-03', to: '2022-03', n: 1 },
    { from: '2022-04', to: '2022-04', n: 0 },
    { from: '2022-05', to: '2022-05', n: 3 },
  ]);
  const long = monthBars({ '2014-01': 2, '2023-12': 5 }, 36);
  expect(long.length).toBeLessThanOrEqual(36);
  expect(long.reduce((sum, bar) => sum + bar.n, 0)).toBe(7);
  expect(monthBars({}, 36)).toEqual([]);
});

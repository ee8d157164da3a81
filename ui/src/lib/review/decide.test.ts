import { expect, test } from 'vitest';
import type { Difference, Segment } from '../api/types';
import { decided } from './decide';

const segment = (id: string, start_ms: number, text: string): Segment => ({ id, start_ms, end_ms: start_ms + 500, speaker: 'A', channel: null, language: 'uk', text, confidence: 0, flags: [], words: [], translations: {} });
const row = (id: string, start_ms: number, a: string | null, b: string | null): Difference => ({ segment: id, start_ms, end_ms: start_ms + 500, a, b, speaker_a: 'A', speaker_b: 'B' });

test('decisions become changes of the text that is shown', () => {
  const shown = [segment('s1', 0, 'раз'), segment('s2', 1000, 'два'), segment('s3', 2000, 'три'), segment('h0001', 3000, 'інше')];
  const rows = [row('s1', 0, 'раз', 'рас'), row('s2', 1000, null, 'два'), row('s3', 2000, 'x', 'y'), row('h0001', 4000, 'ще', null), row('s9', 5000, 'a', 'b')];
  expect(decided(rows, { s1: { by: 'a' }, s2: { by: 'a' }, s3: { by: 'own', text: ' тринадцять ' }, h0001: { by: 'a' } }, shown)).toEqual([
    { segment: 's1' },
    { segment: 's2', removed: true },
    { segment: 's3', text: 'тринадцять', speaker: 'B' },
    { segment: 'h0002', start_ms: 4000, end_ms: 4500, text: 'ще', speaker: 'A' },
  ]);
  expect(decided(rows, {}, shown)).toEqual([]);
});

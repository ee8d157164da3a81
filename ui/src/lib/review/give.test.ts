import { expect, test } from 'vitest';
import type { Segment } from '../api/types';
import { given, reached } from './give';

const segment = (id: string, speaker: string | null): Segment => ({ id, start_ms: 0, end_ms: 500, speaker, channel: null, language: 'uk', text: id, confidence: 0, flags: [], words: [], translations: {} });
const all = [segment('s1', 'A'), segment('s2', 'B'), segment('s3', 'A'), segment('s4', null), segment('s5', 'A')];

test('a voice is given to one segment, from there on, or everywhere', () => {
  const ids = (id: string, reach: Parameters<typeof reached>[2]): string[] => reached(all, id, reach).map((it) => it.id);
  expect(ids('s3', 'one')).toEqual(['s3']);
  expect(ids('s3', 'onward')).toEqual(['s3', 's5']);
  expect(ids('s3', 'all')).toEqual(['s3', 's1', 's5']);
  expect(ids('s4', 'all')).toEqual(['s4']);
  expect(ids('s9', 'all')).toEqual([]);
});

test('words are written in one segment only, whatever the voice reaches', () => {
  expect(given(all, { segment: 's1', text: 'раз', speaker: 'C' }, 'all')).toEqual([{ segment: 's1', text: 'раз', speaker: 'C' }, { segment: 's3', speaker: 'C' }, { segment: 's5', speaker: 'C' }]);
  expect(given(all, { segment: 's1', text: 'раз' }, 'all')).toEqual([{ segment: 's1', text: 'раз' }]);
});

import { expect, test } from 'vitest';
import { voiceOf, voices, waveLanes } from './voices';

const two = [
  { id: 'A', label: 'Speaker A', channel: 0 },
  { id: 'B', label: 'Speaker B', channel: 1 },
];

test('one party per channel gives each lane its voice', () => {
  const lanes = waveLanes(2, two);
  expect(lanes.map((lane) => [lane.voice?.letter, lane.voice?.colour])).toEqual([['A', 1], ['B', 2]]);
});

test('several speakers on one channel leave the lane without a voice', () => {
  const lanes = waveLanes(1, two.map((speaker) => ({ ...speaker, channel: 0 })));
  expect(lanes).toHaveLength(1);
  expect(lanes[0]?.voice).toBeNull();
});

test('voices told apart by their sound are on no channel, even where there are two', () => {
  const shared = two.map((speaker) => ({ ...speaker, channel: null }));
  expect(waveLanes(2, shared).map((lane) => lane.voice)).toEqual([null, null]);
  expect(waveLanes(1, shared)[0]?.speakers).toHaveLength(2);
});

test('a segment without a speaker takes the letter of its channel, or none', () => {
  const known = voices(two);
  expect(voiceOf({ speaker: 'B', channel: 1 }, known)?.label).toBe('Speaker B');
  expect(voiceOf({ speaker: null, channel: 1 }, known)?.letter).toBe('B');
  expect(voiceOf({ speaker: null, channel: null }, known)).toBeNull();
});

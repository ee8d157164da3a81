import { expect, test } from 'vitest';
import type { Derivative } from '../api/types';
import { shares, stageOrder, stagesShown } from '../work';
import { chainOf } from './chain';
import { countDoubts, isDoubt } from './doubts';

const of = (derivation: string, status = 'done'): Derivative => ({ derivation, status, engine: null, object: null, seconds: null, started: null, finished: null, error: null, findings: [] });

test('the chain of a text runs in pipeline order; what only helps stands aside', () => {
  const { main, aside } = chainOf([of('translation'), of('peaks'), of('transcript', 'failed'), of('decode'), of('probe'), of('speech'), of('text', 'skipped'), of('intake'), of('diarize')]);
  expect(main.map((it) => it.derivation)).toEqual(['decode', 'speech', 'transcript', 'translation', 'diarize']);
  expect(aside.map((it) => it.derivation)).toEqual(['probe', 'peaks']);
});

test('a bar never shows more than there is', () => {
  const stage = { derivation: 'transcript', total: 10, done: 4, failed: 1, running: 2, seconds_left: null };
  expect(shares(stage)).toEqual({ done: 40, running: 20, failed: 10 });
  expect(shares(stage, 0.5)).toEqual({ done: 45, running: 15, failed: 10 });
  expect(shares(stage, 99)).toEqual({ done: 60, running: 0, failed: 10 });
  expect(shares({ ...stage, total: 0 })).toEqual({ done: 0, running: 0, failed: 0 });
});

test('stages stand in the order of work, unknown ones last', () => {
  const names = ['index', 'new', 'text', 'probe'].map((derivation) => ({ derivation, total: 1, done: 0, failed: 0, running: 0, seconds_left: null }));
  expect(stageOrder(names).map((stage) => stage.derivation)).toEqual(['probe', 'text', 'index', 'new']);
});

test('what is unfinished is always shown, what is done gives way', () => {
  const stage = (derivation: string, done: number) => ({ derivation, total: 2, done, failed: 0, running: 0, seconds_left: null });
  const all = [stage('probe', 2), stage('decode', 2), stage('peaks', 2), stage('speech', 1), stage('transcript', 0), stage('text', 2), stage('calls', 2)];
  const { shown, rest } = stagesShown(all, 5);
  expect(shown.map((it) => it.derivation)).toEqual(['probe', 'decode', 'speech', 'transcript']);
  expect(rest).toBe(3);
  expect(stagesShown(all.slice(0, 5), 5).rest).toBe(0);
  expect(stagesShown(all.map((it) => ({ ...it, done: 0 })), 5).shown).toHaveLength(7);
});

test('only what is doubtful counts as a doubt', () => {
  expect(countDoubts({ negation: 2, forwarded: 9, edited: 3, 'ambiguous-date': 1 })).toBe(3);
  expect(isDoubt('service')).toBe(false);
});

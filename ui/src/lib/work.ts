// How a stage of processing is shown. Pure.

import type { Stage } from './api/types';

const ORDER = ['probe', 'decode', 'peaks', 'proxy', 'speech', 'speakers', 'transcript', 'translation', 'second-translation', 'second-transcript', 'enhanced', 'voice-prints', 'text', 'picture', 'messages', 'calls', 'index'];

/** Stages in the order of the pipeline; unknown ones last, as they came. */
export function stageOrder(stages: readonly Stage[]): Stage[] {
  const rank = (stage: Stage): number => {
    const idx = ORDER.indexOf(stage.derivation);
    return idx < 0 ? ORDER.length : idx;
  };
  return [...stages].sort((a, b) => rank(a) - rank(b));
}

/** The stages worth a line: at most `most`, those not finished first, in the order of work; and how many finished ones are left over. */
export function stagesShown(stages: readonly Stage[], most: number): { shown: Stage[]; rest: number } {
  const ordered = stageOrder(stages);
  if (ordered.length <= most) return { shown: ordered, rest: 0 };
  const open = ordered.filter((stage) => stage.done < stage.total);
  const kept = new Set([...open, ...ordered.filter((stage) => stage.done >= stage.total)].slice(0, Math.max(open.length, most - 1)));
  return { shown: ordered.filter((stage) => kept.has(stage)), rest: ordered.length - kept.size };
}

/** Widths of done, running, failed in percent of the stage; `within` is how much of the running ones is done already. */
export function shares(stage: Stage, within = 0): { done: number; running: number; failed: number } {
  if (stage.total <= 0) return { done: 0, running: 0, failed: 0 };
  const percent = (n: number): number => Math.round((1000 * n) / stage.total) / 10;
  const part = Math.min(within, stage.running);
  return { done: percent(stage.done + part), running: percent(stage.running - part), failed: percent(stage.failed) };
}

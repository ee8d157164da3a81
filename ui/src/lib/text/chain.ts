// Which derivations led to the words on the page, and which stand beside. Pure.

import type { Derivative } from '../api/types';

const MAIN = ['decode', 'speech', 'speakers', 'voice-prints', 'transcript', 'second-transcript', 'translation', 'second-translation', 'text', 'messages', 'calls'];
const ASIDE = ['probe', 'picture', 'peaks', 'proxy', 'enhanced'];

/** Derivations with nothing to do, and the intake that carries only findings, are left out; unknown ones stand in the main line, so that nothing is hidden. */
export function chainOf(all: readonly Derivative[]): { main: Derivative[]; aside: Derivative[] } {
  const due = all.filter((it) => it.status !== 'skipped' && it.derivation !== 'intake');
  const rank = (list: readonly string[], it: Derivative): number => (list.includes(it.derivation) ? list.indexOf(it.derivation) : list.length);
  return {
    main: due.filter((it) => !ASIDE.includes(it.derivation)).sort((a, b) => rank(MAIN, a) - rank(MAIN, b)),
    aside: due.filter((it) => ASIDE.includes(it.derivation)).sort((a, b) => rank(ASIDE, a) - rank(ASIDE, b)),
  };
}

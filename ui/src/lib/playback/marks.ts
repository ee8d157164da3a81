// Where marks stand on the time line. Pure.

import type { Timed } from './cursor';
import type { View } from './wave';

export interface Mark {
  segment: number;
  flag: string;
  /** Pixels from the left edge of the view. */
  x: number;
  /** Whether its word fits beside its sign. */
  text: boolean;
}

const SIGN = 16;
const LETTER = 6.2;

/** Lays a mark for every flag of every segment in view: sign and word where there is room, the sign alone where not, nothing on top of another sign. `letters` gives the length of the word. */
export function layMarks(segments: readonly (Timed & { flags: readonly string[] })[], view: View, width: number, letters: (flag: string, segment: unknown) => number): Mark[] {
  const scale = width / (view.end - view.start);
  const all = segments.flatMap((segment, idx) =>
    segment.end_ms > view.start && segment.start_ms < view.end ? segment.flags.map((flag) => ({ segment: idx, flag, at: Math.max(0, (segment.start_ms - view.start) * scale), length: letters(flag, segment) })) : [],
  );
  const out: Mark[] = [];
  let free = 0;
  for (const [idx, mark] of all.entries()) {
    // A second doubt about the same segment stands right behind the first.
    const same = idx > 0 && all[idx - 1]?.segment === mark.segment;
    const x = same ? Math.max(mark.at, free) : mark.at;
    if (x < free || x + SIGN > width) continue;
    const next = all.slice(idx + 1).find((other) => other.segment !== mark.segment);
    const room = Math.min(width, next ? next.at : width) - x;
    const wide = SIGN + 4 + mark.length * LETTER;
    const text = wide + 6 <= room;
    out.push({ segment: mark.segment, flag: mark.flag, x: Math.round(x), text });
    free = x + (text ? wide + 6 : SIGN + 2);
  }
  return out;
}

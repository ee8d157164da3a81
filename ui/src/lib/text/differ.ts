// Which words two texts have differently: what is left of each when the longest common run of words is taken out.

import type { Piece } from './words';

const bare = (word: string): string => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '').toLocaleLowerCase();

/** Both texts in pieces; `idx` is 0 for words that the other one has not, -1 for the rest. Beyond a million pairs of words all differ. */
export function differing(a: string, b: string): [Piece[], Piece[]] {
  const left = a.split(/\s+/).filter(Boolean);
  const right = b.split(/\s+/).filter(Boolean);
  const [keepLeft, keepRight] = common(left.map(bare), right.map(bare));
  return [joined(left, keepLeft), joined(right, keepRight)];
}

/** Places in each that the longest common run holds. */
function common(a: readonly string[], b: readonly string[]): [Set<number>, Set<number>] {
  const [left, right] = [new Set<number>(), new Set<number>()];
  if (a.length * b.length > 1_000_000) return [left, right];
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => best[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) best[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      left.add(i++);
      right.add(j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [left, right];
}

/** Neighbours of one sort in one piece, one space between words. */
function joined(words: readonly string[], kept: ReadonlySet<number>): Piece[] {
  const out: Piece[] = [];
  for (const [place, word] of words.entries()) {
    const idx = kept.has(place) ? -1 : 0;
    const last = out.at(-1);
    if (last?.idx === idx) last.text += ` ${word}`;
    else {
      // The space belongs to what is the same in both.
      if (last && idx === 0) last.text += ' ';
      out.push({ text: last && idx === -1 ? ` ${word}` : word, idx });
    }
  }
  return out;
}

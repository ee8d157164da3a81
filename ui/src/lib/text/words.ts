// Evidence text cut into pieces for the page, without changing a letter of it.

export interface Piece {
  text: string;
  /** Place in the list of words or marks; -1 for what lies between. */
  idx: number;
}

/** Finds `words` one after another in `text`. Where they do not fit, the words alone are given, one space between. */
export function pieces(text: string, words: readonly { text: string }[]): Piece[] {
  if (words.length === 0) return text === '' ? [] : [{ text, idx: -1 }];
  const out: Piece[] = [];
  let from = 0;
  for (const [idx, word] of words.entries()) {
    const found = word.text === '' ? -1 : text.indexOf(word.text, from);
    // A gap that holds letters means that some other word was skipped.
    if (found < 0 || /[\p{L}\p{N}]/u.test(text.slice(from, found))) return apart(words);
    if (found > from) out.push({ text: text.slice(from, found), idx: -1 });
    out.push({ text: word.text, idx });
    from = found + word.text.length;
  }
  if (/[\p{L}\p{N}]/u.test(text.slice(from))) return apart(words);
  if (from < text.length) out.push({ text: text.slice(from), idx: -1 });
  return out;
}

/** The same for a text that a person mended: it stands whole, and `words` are those of the machine's that are still in it. */
export function mended(text: string, words: readonly { text: string }[]): Piece[] {
  const out: Piece[] = [];
  let from = 0;
  for (const [idx, word] of words.entries()) {
    const at = whole(text, word.text, from);
    if (at < 0) continue;
    if (at > from) out.push({ text: text.slice(from, at), idx: -1 });
    out.push({ text: word.text, idx });
    from = at + word.text.length;
  }
  if (from < text.length) out.push({ text: text.slice(from), idx: -1 });
  return out;
}
/** Where a word stands by itself, not inside another one; -1 where it does not. */
function whole(text: string, word: string, from: number): number {
  const inside = (c: string | undefined): boolean => c !== undefined && /[\p{L}\p{N}]/u.test(c);
  for (let at = word === '' ? -1 : text.indexOf(word, from); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!inside(text[at - 1]) && !inside(text[at + word.length])) return at;
  }
  return -1;
}

function apart(words: readonly { text: string }[]): Piece[] {
  return words.flatMap((word, idx) => (idx > 0 ? [{ text: ' ', idx: -1 }, { text: word.text, idx }] : [{ text: word.text, idx }]));
}

/** Cuts `text` at `ranges` [start, end), counted in characters (code points) as the server counts them. Ranges that overlap an earlier one are left out. */
export function marked(text: string, ranges: readonly (readonly [number, number])[]): Piece[] {
  const letters = [...text];
  const ordered = ranges.map(([start, end], idx) => ({ start, end, idx })).sort((a, b) => a.start - b.start || b.end - a.end);
  const out: Piece[] = [];
  let from = 0;
  for (const { start, end, idx } of ordered) {
    const to = Math.min(end, letters.length);
    if (start < from || to <= start) continue;
    if (start > from) out.push({ text: letters.slice(from, start).join(''), idx: -1 });
    out.push({ text: letters.slice(start, to).join(''), idx });
    from = to;
  }
  if (from < letters.length) out.push({ text: letters.slice(from).join(''), idx: -1 });
  return out;
}

/** Ranges over paragraphs joined by a line feed, brought back to each paragraph. */
export function perBlock(blocks: readonly { text: string }[], ranges: readonly { start: number; end: number }[]): { range: [number, number]; idx: number }[][] {
  const out: { range: [number, number]; idx: number }[][] = [];
  let offset = 0;
  for (const block of blocks) {
    const length = [...block.text].length;
    out.push(
      ranges.flatMap((range, idx) => {
        const start = Math.max(range.start - offset, 0);
        const end = Math.min(range.end - offset, length);
        return end > start ? [{ range: [start, end] as [number, number], idx }] : [];
      }),
    );
    offset += length + 1;
  }
  return out;
}

/** The part of `text` around its marks, at most `most` characters, cut at spaces; ranges move along. */
export function excerpt(text: string, ranges: readonly (readonly [number, number])[], most = 240): { text: string; ranges: [number, number][] } {
  const letters = [...text];
  if (letters.length <= most) return { text, ranges: ranges.map(([a, b]) => [a, b]) };
  const first = ranges[0]?.[0] ?? 0;
  let from = Math.max(0, Math.min(first - Math.floor(most / 3), letters.length - most));
  while (from > 0 && from < first && letters[from - 1] !== ' ') from++;
  let to = Math.min(letters.length, from + most);
  const floor = Math.max(from, ...ranges.map(([, b]) => (b <= to ? b : from)));
  while (to < letters.length && to > floor && letters[to] !== ' ') to--;
  const lead = from > 0 ? 1 : 0;
  return {
    text: `${from > 0 ? '…' : ''}${letters.slice(from, to).join('')}${to < letters.length ? '…' : ''}`,
    ranges: ranges.flatMap(([a, b]) => (a >= from && b <= to ? [[a - from + lead, b - from + lead] as [number, number]] : [])),
  };
}

// Which marks are doubts. Others (edited, forwarded, a service note) only say what something is.

/** Doubts about words; the library can be narrowed by them. */
export const WORD_DOUBTS: readonly string[] = ['no-speech', 'repetition', 'disagreement', 'negation', 'language-switch', 'low-confidence', 'overlap'];

/** Doubts about a message or a row. */
const ROW_DOUBTS: ReadonlySet<string> = new Set([
  'unsupported', 'unknown-type', 'without-id', 'deleted-account', 'forward-name-hidden', 'missing-attachment', 'unsafe-path',
  'ambiguous-date', 'date-order-mixed', 'time-unread', 'time-of-day-missing', 'column-count-differs', 'formula',
  'number-in-scientific-notation', 'plus-missing', 'zero-missing', 'imei-check-digit', 'imei-length',
]);

export function isDoubt(flag: string): boolean {
  return WORD_DOUBTS.includes(flag) || ROW_DOUBTS.has(flag);
}

/** How many doubts an item carries. */
export function countDoubts(flags: Record<string, number>): number {
  return Object.entries(flags).reduce((sum, [flag, n]) => (isDoubt(flag) ? sum + n : sum), 0);
}

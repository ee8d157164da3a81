// What a decision between two texts changes in the text that is shown.

import type { SegmentChange } from '../api/client';
import type { Difference, Segment } from '../api/types';

/** Which of two texts stands in a segment, or a third. */
export type Decision = { by: 'a' } | { by: 'b' } | { by: 'own'; text: string };

/** The changes that the decisions ask for. One that leaves the shown text as it is says that it was heard and is so. */
export function decided(rows: readonly Difference[], chosen: Readonly<Record<string, Decision>>, shown: readonly Segment[]): SegmentChange[] {
  const used = new Set(shown.map((segment) => segment.id));
  const out: SegmentChange[] = [];
  for (const row of rows) {
    const decision = chosen[row.segment];
    if (!decision) continue;
    const text = (decision.by === 'own' ? decision.text : row[decision.by])?.trim() || null;
    const speaker = decision.by === 'a' ? row.speaker_a : row.speaker_b;
    // Segments that people added are numbered by each for themselves: the same number may be another stretch.
    const there = shown.find((segment) => segment.id === row.segment && (!row.segment.startsWith('h') || segment.start_ms === row.start_ms));
    if (there) {
      if (text === null) out.push({ segment: there.id, removed: true });
      else if (text === there.text && (speaker === null || speaker === there.speaker)) out.push({ segment: there.id });
      else out.push({ segment: there.id, text, ...(speaker !== null && speaker !== there.speaker ? { speaker } : {}) });
      continue;
    }
    if (text === null) continue;
    let id = row.segment;
    for (let n = 1; used.has(id); n++) id = `h${String(n).padStart(4, '0')}`;
    used.add(id);
    out.push({ segment: id, start_ms: row.start_ms, end_ms: row.end_ms, text, ...(speaker !== null ? { speaker } : {}) });
  }
  return out;
}

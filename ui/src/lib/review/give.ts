// Whose voice it is: of one segment, from there on, or wherever that voice was told apart.

import type { SegmentChange } from '../api/client';
import type { Segment } from '../api/types';

export type Reach = 'one' | 'onward' | 'all';

/** Segments of the same voice as `id`, which a change of voice reaches; that one first. */
export function reached(segments: readonly Segment[], id: string, reach: Reach): Segment[] {
  const place = segments.findIndex((segment) => segment.id === id);
  const at = segments[place];
  if (!at) return [];
  const others = segments.filter((segment, idx) => segment.id !== id && at.speaker !== null && segment.speaker === at.speaker && (reach === 'all' || (reach === 'onward' && idx > place)));
  return [at, ...others];
}

/** What a person wrote in one segment, and the voice wherever it reaches. */
export function given(segments: readonly Segment[], edit: SegmentChange, reach: Reach): SegmentChange[] {
  const { speaker } = edit;
  if (speaker === undefined) return [edit];
  const [, ...others] = reached(segments, edit.segment, reach);
  return [edit, ...others.map((segment) => ({ segment: segment.id, speaker }))];
}

// Which words sound at a moment. Pure: the player asks on every frame, so lookups are binary.

export interface Timed {
  start_ms: number;
  end_ms: number;
}

/** Index of the last entry that starts at or before `ms`, or -1. `entries` are in order of start. */
export function lastStarted(entries: readonly Timed[], ms: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if ((entries[mid] as Timed).start_ms <= ms) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}

/** Index of the entry that holds `ms` (start included, end excluded), or -1. */
export function at(entries: readonly Timed[], ms: number): number {
  const idx = lastStarted(entries, ms);
  const entry = entries[idx];
  return entry && ms < entry.end_ms ? idx : -1;
}

/** The sounding word: words of quick speech touch, so one is held until the next begins or the segment ends. */
export function wordAt(words: readonly Timed[], ms: number, segmentEnd: number): number {
  return ms < segmentEnd ? lastStarted(words, ms) : -1;
}

/** Segments of one lane, with their places in the whole transcript. */
export interface Lane {
  channel: number | null;
  segments: Timed[];
  places: number[];
}

/** Splits a transcript by channel, so that two voices at once each keep their own word. */
export function lanes(segments: readonly (Timed & { channel: number | null })[]): Lane[] {
  const found = new Map<number | null, Lane>();
  segments.forEach((segment, place) => {
    let lane = found.get(segment.channel);
    if (!lane) {
      lane = { channel: segment.channel, segments: [], places: [] };
      found.set(segment.channel, lane);
    }
    lane.segments.push(segment);
    lane.places.push(place);
  });
  return [...found.values()];
}

/** Every segment that sounds at `ms`, in order of start. */
export function sounding(all: readonly Lane[], ms: number): number[] {
  const places: number[] = [];
  for (const lane of all) {
    const idx = at(lane.segments, ms);
    if (idx >= 0) places.push(lane.places[idx] as number);
  }
  return places.sort((a, b) => a - b);
}

/** A stretch of the media clock: start, end. */
export type Range = [number, number];

/** Adds `[start, end)` to ordered, disjoint ranges and joins what touches. Gives a new list. */
export function addRange(ranges: readonly Range[], start: number, end: number): Range[] {
  if (!(end > start)) return [...ranges];
  const out: Range[] = [];
  let [from, to] = [start, end];
  for (const range of ranges) {
    if (range[1] < from || range[0] > to) out.push(range);
    else {
      from = Math.min(from, range[0]);
      to = Math.max(to, range[1]);
    }
  }
  out.push([from, to]);
  return out.sort((a, b) => a[0] - b[0]);
}

/** The silences between segments that last at least `least` ms: where `,` and `.` go. */
export function pauses(segments: readonly Timed[], duration: number, least = 500): Range[] {
  const found: Range[] = [];
  let end = 0;
  for (const segment of segments) {
    if (segment.start_ms - end >= least) found.push([end, segment.start_ms]);
    end = Math.max(end, segment.end_ms);
  }
  if (duration - end >= least) found.push([end, duration]);
  return found;
}

// From stored peaks to bars on a screen. Pure arithmetic; drawing is in draw.ts.

export interface View {
  start: number;
  end: number;
}

/** Smallest and largest sample (-127..127) over [`from`, `to`) ms of one channel, `null` past its end. `pairs`: min, max interleaved, one pair a bucket. */
export function span(pairs: readonly number[], bucket: number, from: number, to: number): [number, number] | null {
  const n = pairs.length >> 1;
  const first = Math.max(0, Math.floor(from / bucket));
  const last = Math.min(n, Math.max(first + 1, Math.ceil(to / bucket)));
  if (first >= n || last <= first) return null;
  let low = 127;
  let high = -127;
  for (let idx = first; idx < last; idx++) {
    low = Math.min(low, pairs[idx * 2] as number);
    high = Math.max(high, pairs[idx * 2 + 1] as number);
  }
  return [low, high];
}

/** One [min, max] for each of `n` bars across `view`. */
export function bars(pairs: readonly number[], bucket: number, view: View, n: number): ([number, number] | null)[] {
  const step = (view.end - view.start) / n;
  return Array.from({ length: n }, (_, idx) => span(pairs, bucket, view.start + idx * step, view.start + (idx + 1) * step));
}

/** Loudest sample of all channels, 0 to 127. */
export function loudest(channels: readonly (readonly number[])[]): number {
  let peak = 0;
  for (const pairs of channels) for (const value of pairs) peak = Math.max(peak, Math.abs(value));
  return Math.min(peak, 127);
}

/** One factor for all lanes, so that quiet telephone sound is seen and lanes stay comparable. At most eightfold. */
export function gain(peak: number): number {
  return peak > 0 ? Math.min(8, 127 / peak) : 1;
}

const STEPS = [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];

/** Round times for a ruler, at least `gap` px apart on `width` px. */
export function ticks(view: View, width: number, gap = 70): number[] {
  const length = view.end - view.start;
  if (!(length > 0) || !(width > 0)) return [];
  const step = STEPS.find((s) => (s / length) * width >= gap) ?? (STEPS.at(-1) as number);
  const out: number[] = [];
  for (let ms = Math.ceil(view.start / step) * step; ms < view.end; ms += step) out.push(ms);
  return out;
}

/** Keeps a view of `length` ms inside the recording. */
export function place(start: number, length: number, duration: number): View {
  const fit = Math.min(Math.max(length, 1), Math.max(duration, 1));
  const from = Math.min(Math.max(0, start), Math.max(0, duration - fit));
  return { start: from, end: from + fit };
}

/** Zooms by `factor` (below 1: closer) around `anchor` ms, which keeps its place on the screen. Never closer than 2 s. */
export function zoom(view: View, factor: number, anchor: number, duration: number): View {
  const length = Math.min(duration, Math.max(Math.min(2000, duration), (view.end - view.start) * factor));
  const share = (anchor - view.start) / (view.end - view.start);
  return place(anchor - share * length, length, duration);
}

/** Turns the page when `ms` has left the view; the new page begins a tenth before it. */
export function follow(view: View, ms: number, duration: number): View {
  if (ms >= view.start && ms < view.end) return view;
  const length = view.end - view.start;
  return place(ms - length / 10, length, duration);
}

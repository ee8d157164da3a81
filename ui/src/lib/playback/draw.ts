// Drawing sound on a canvas, sharp at every pixel density. What to draw is decided in wave.ts and cursor.ts.

import type { Range } from './cursor';
import { bars, type View } from './wave';

export interface Ink {
  heard: string;
  rest: string;
  hatch: string;
}

/** Sizes `canvas` to its box in device pixels. Gives the context, or null while it has no size. */
function prepare(canvas: HTMLCanvasElement): { ctx: CanvasRenderingContext2D; width: number; height: number; dpr: number } | null {
  const dpr = Math.max(1, window.devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * dpr);
  const height = Math.round(canvas.clientHeight * dpr);
  const ctx = canvas.getContext('2d');
  if (!ctx || width === 0 || height === 0) return null;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  ctx.clearRect(0, 0, width, height);
  return { ctx, width, height, dpr };
}

/** A lane: bars around a middle line, heard stretches in `ink.heard`, the others in `ink.rest`. `pairs` null: the empty line. */
export function drawLane(canvas: HTMLCanvasElement, pairs: readonly number[] | null, bucket: number, view: View, factor: number, ink: Ink, heard: readonly Range[], silent: readonly Range[]): void {
  const box = prepare(canvas);
  if (!box) return;
  const { ctx, width, height, dpr } = box;
  const middle = Math.round(height / 2);
  const length = view.end - view.start;
  const x = (ms: number): number => ((ms - view.start) / length) * width;

  for (const [start, end] of silent) {
    if (end <= view.start || start >= view.end) continue;
    hatch(ctx, Math.max(0, x(start)), Math.min(width, x(end)), height, dpr, ink.hatch);
  }
  ctx.fillStyle = ink.rest;
  const line = Math.max(1, Math.round(dpr));
  if (!pairs) {
    ctx.fillRect(0, middle, width, line);
    return;
  }
  const pitch = 1.5 * dpr;
  const thick = 1.1 * dpr;
  const n = Math.floor(width / pitch);
  const half = height / 2 - 3 * dpr;
  const all = bars(pairs, bucket, { start: view.start, end: view.start + (length * n * pitch) / width }, n);
  let range = 0;
  for (const [idx, bar] of all.entries()) {
    if (!bar) continue;
    const ms = view.start + ((idx * pitch) / width) * length;
    while (range < heard.length && (heard[range] as Range)[1] <= ms) range++;
    const was = range < heard.length && (heard[range] as Range)[0] <= ms;
    ctx.fillStyle = was ? ink.heard : ink.rest;
    const up = Math.min(half, Math.max(0, (bar[1] / 127) * factor * half));
    const down = Math.min(half, Math.max(0, (-bar[0] / 127) * factor * half));
    ctx.fillRect(idx * pitch, middle, pitch, line);
    if (up + down > line) ctx.fillRect(idx * pitch, middle - up, thick, up + down);
  }
}

function hatch(ctx: CanvasRenderingContext2D, from: number, to: number, height: number, dpr: number, colour: string): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(from, 0, to - from, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = dpr;
  ctx.globalAlpha = 0.3;
  ctx.beginPath();
  for (let x = from - height; x < to; x += 7 * dpr) {
    ctx.moveTo(x, height);
    ctx.lineTo(x + height, 0);
  }
  ctx.stroke();
  ctx.globalAlpha = 0.55;
  ctx.beginPath();
  for (const edge of [from + dpr / 2, to - dpr / 2]) {
    ctx.moveTo(edge, 0);
    ctx.lineTo(edge, height);
  }
  ctx.stroke();
  ctx.restore();
}

/** The whole recording in one line: all channels together. */
export function drawOverview(canvas: HTMLCanvasElement, channels: readonly (readonly number[])[] | null, bucket: number, duration: number, factor: number, ink: Ink, heard: readonly Range[]): void {
  const box = prepare(canvas);
  if (!box) return;
  const { ctx, width, height, dpr } = box;
  const middle = Math.round(height / 2);
  const line = Math.max(1, Math.round(dpr));
  ctx.fillStyle = ink.rest;
  if (!channels || duration <= 0) {
    ctx.fillRect(0, middle, width, line);
    return;
  }
  const pitch = 1.5 * dpr;
  const thick = 1.1 * dpr;
  const n = Math.floor(width / pitch);
  const half = height / 2 - dpr;
  const each = channels.map((pairs) => bars(pairs, bucket, { start: 0, end: (duration * n * pitch) / width }, n));
  let range = 0;
  for (let idx = 0; idx < n; idx++) {
    let peak = 0;
    for (const lane of each) {
      const bar = lane[idx];
      if (bar) peak = Math.max(peak, -bar[0], bar[1]);
    }
    const ms = ((idx * pitch) / width) * duration;
    while (range < heard.length && (heard[range] as Range)[1] <= ms) range++;
    const was = range < heard.length && (heard[range] as Range)[0] <= ms;
    ctx.fillStyle = was ? ink.heard : ink.rest;
    const tall = Math.min(half, (peak / 127) * factor * half);
    ctx.fillRect(idx * pitch, middle, pitch, line);
    if (tall * 2 > line) ctx.fillRect(idx * pitch, middle - tall, thick, tall * 2);
  }
}

/** The mini waveform of a list row. `pairs`: min, max interleaved, -127..127. */
export function drawThumb(canvas: HTMLCanvasElement, pairs: readonly number[], colour: string): void {
  const box = prepare(canvas);
  if (!box) return;
  const { ctx, width, height, dpr } = box;
  const n = pairs.length >> 1;
  if (n === 0) return;
  let peak = 1;
  for (const value of pairs) peak = Math.max(peak, Math.abs(value));
  const middle = height / 2;
  const pitch = width / n;
  const thick = Math.max(1, Math.round(pitch * 0.65));
  ctx.fillStyle = colour;
  for (let idx = 0; idx < n; idx++) {
    const up = Math.max(dpr / 2, (((pairs[idx * 2 + 1] as number) / peak) * height) / 2);
    const down = Math.max(dpr / 2, ((-(pairs[idx * 2] as number) / peak) * height) / 2);
    ctx.fillRect(Math.round(idx * pitch), Math.round(middle - up), thick, Math.max(1, Math.round(up + down)));
  }
}

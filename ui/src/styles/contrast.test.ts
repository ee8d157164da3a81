// Every text colour on every ground it meets: 4.5:1, and 7:1 in the contrast theme. Control edges 3:1.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

type Tokens = Record<string, string>;
const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');

function theme(name: string): Tokens {
  const start = css.indexOf(`:root[data-theme="${name}"]`);
  const block = css.slice(css.indexOf('{', start) + 1, css.indexOf('}', start));
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/gi)].map((match) => [match[1] as string, match[2] as string]));
}
function channels(hex: string): [number, number, number] {
  return [1, 3, 5].map((idx) => parseInt(hex.slice(idx, idx + 2), 16)) as [number, number, number];
}
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) => {
    const c = value / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ratio(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
function mix(a: string, b: string, share: number): number[] {
  const [x, y] = [channels(a), channels(b)];
  return x.map((value, idx) => value * share + (y[idx] as number) * (1 - share));
}

const GROUNDS = ['paper', 'surface', 'raised'];
const pairs: [string, string[]][] = [
  ['ink', [...GROUNDS, 'sunken', 'accent-wash', 'machine-wash', 'doubt-wash', 'guard-wash']],
  ['ink-2', [...GROUNDS, 'sunken', 'accent-wash']],
  ['ink-3', [...GROUNDS]],
  ['accent', [...GROUNDS, 'accent-wash']],
  ['on-accent', ['accent']],
  ['machine', [...GROUNDS, 'machine-wash']],
  ['doubt', [...GROUNDS, 'doubt-wash', 'accent-wash']],
  ['guard', [...GROUNDS, 'guard-wash']],
  ['ok', [...GROUNDS, 'ok-wash']],
  ['fault', [...GROUNDS, 'fault-wash']],
  ['surface', ['fault', 'ink-2', 'voice-1', 'voice-2', 'voice-3', 'voice-4', 'voice-5', 'voice-6']],
  ...[1, 2, 3, 4, 5, 6].map((n): [string, string[]] => [`voice-${n}`, ['surface', 'paper']]),
];

describe.each(['light', 'dark', 'contrast'])('theme %s', (name) => {
  const tokens = theme(name);
  const least = name === 'contrast' ? 7 : 4.5;

  test.each(pairs)('%s is read on every ground it meets', (text, grounds) => {
    for (const ground of grounds) {
      const [a, b] = [tokens[text], tokens[ground]];
      expect(a, text).toBeDefined();
      expect(b, ground).toBeDefined();
      expect(ratio(channels(a as string), channels(b as string)), `${text} on ${ground}`).toBeGreaterThanOrEqual(least);
    }
  });

  test('machine words in the current row are read', () => {
    const text = mix(tokens['machine'] as string, tokens['ink'] as string, 0.82);
    expect(ratio(text, channels(tokens['accent-wash'] as string))).toBeGreaterThanOrEqual(least);
  });

  test('edges of controls and the mark of focus stand out 3 to 1', () => {
    for (const ground of GROUNDS) {
      expect(ratio(channels(tokens['line-strong'] as string), channels(tokens[ground] as string)), `line-strong on ${ground}`).toBeGreaterThanOrEqual(3);
      expect(ratio(channels(tokens['focus'] as string), channels(tokens[ground] as string)), `focus on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });
});

test('the system choice and the chosen dark theme hold the same values', () => {
  const start = css.indexOf('@media (prefers-color-scheme:dark)');
  const block = css.slice(start, css.indexOf('}}', start));
  for (const [name, value] of Object.entries(theme('dark'))) expect(block).toContain(`--${name}:${value}`);
});

// Sizes and spans of time as short text, and short forms of digests.

import type { Language } from '../messages/index.svelte';

const UNITS: Record<Language, readonly string[]> = { en: ['B', 'kB', 'MB', 'GB', 'TB'], uk: ['Б', 'кБ', 'МБ', 'ГБ', 'ТБ'] };

/** Decimal units, three significant digits at most: `1.42 MB`. */
export function bytes(n: number, lang: Language): string {
  let value = n;
  let unit = 0;
  while (value >= 1000 && unit < 4) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const text = value.toFixed(digits);
  return `${lang === 'uk' ? text.replace('.', ',') : text}\u00a0${UNITS[lang][unit]}`;
}

/** Time left, in the two largest units: `5 h 10 min`, `40 s`. */
export function left(seconds: number, lang: Language): string {
  const [h, m, s] = lang === 'uk' ? ['год', 'хв', 'с'] : ['h', 'min', 's'];
  if (seconds >= 3600) {
    const minutes = Math.floor((seconds % 3600) / 60);
    return `${Math.floor(seconds / 3600)} ${h}${minutes ? ` ${minutes} ${m}` : ''}`;
  }
  if (seconds >= 60) return `${Math.round(seconds / 60)} ${m}`;
  return `${Math.max(1, Math.round(seconds))} ${s}`;
}

/** `9f3c 71e0 … c2d8 04be` of `sha256:9f3c71e0…`. */
export function digest(id: string): string {
  const hex = id.replace(/^sha256:/, '');
  if (hex.length < 20) return hex;
  return `${hex.slice(0, 4)} ${hex.slice(4, 8)} … ${hex.slice(-8, -4)} ${hex.slice(-4)}`;
}

/** `e1b2…77a0`, for a model or an output. */
export function brief(id: string): string {
  const hex = id.replace(/^sha256:/, '');
  return hex.length > 12 ? `${hex.slice(0, 4)}…${hex.slice(-4)}` : hex;
}

/** The part of an item's ID that people read aloud; ULIDs of one intake share their beginning, so the end is kept too. */
export function shortId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id;
}

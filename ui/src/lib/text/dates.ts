// Dates as people know them. A vague date stays vague; a zone is shown, never assumed.

import type { Language } from '../messages/index.svelte';

const MONTHS: Record<Language, readonly string[]> = {
  en: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'],
  uk: ['січень', 'лютий', 'березень', 'квітень', 'травень', 'червень', 'липень', 'серпень', 'вересень', 'жовтень', 'листопад', 'грудень'],
};
const OF_MONTHS: readonly string[] = ['січня', 'лютого', 'березня', 'квітня', 'травня', 'червня', 'липня', 'серпня', 'вересня', 'жовтня', 'листопада', 'грудня'];

const WORDS = {
  en: { about: 'about ', perhaps: 'perhaps ', to: ' to ', since: 'since ', until: 'until ', month: ', month unknown', day: ', day unknown' },
  uk: { about: 'близько ', perhaps: 'можливо, ', to: ' – ', since: 'від ', until: 'до ', month: ', місяць невідомий', day: ', день невідомий' },
};

function month(lang: Language, m: number): string {
  return MONTHS[lang][m - 1] ?? '';
}

function day(lang: Language, y: string, m: number, d: string): string {
  return lang === 'uk' ? `${d.padStart(2, '0')}.${String(m).padStart(2, '0')}.${y}` : `${d} ${month(lang, m).slice(0, 3)} ${y}`;
}

function single(text: string, lang: Language): string | null {
  if (text.includes('T')) return instantAsWritten(text, lang);
  const words = WORDS[lang];
  const sign = /[?~%]$/.exec(text)?.[0] ?? '';
  const lead = (sign === '?' || sign === '%' ? words.perhaps : '') + (sign === '~' || sign === '%' ? words.about : '');
  const match = /^(\d{2,4}X{0,2})(?:-([\dX]{2})(?:-([\dX]{2}))?)?$/.exec(text.replace(/[?~%]$/, ''));
  if (!match?.[1] || match[1].length !== 4) return null;
  const [, year, m, d] = match;
  const y = year.replace(/X+$/, (x) => '0'.repeat(x.length)) + (year.endsWith('X') ? (lang === 'uk' ? '-ті' : 's') : '');
  if (m === undefined) return lead + y;
  if (m.includes('X')) return lead + y + words.month;
  const n = Number(m);
  if (n < 1 || n > 12) return null;
  if (d === undefined) return `${lead}${month(lang, n)} ${y}`;
  if (d === 'XX') return `${lead}${month(lang, n)} ${y}${words.day}`;
  if (d.endsWith('X')) {
    const tens = Number(d[0]) * 10;
    const last = Math.min(tens + 9, new Date(Date.UTC(Number(year), n, 0)).getUTCDate());
    const between = `${Math.max(1, tens)}\u2013${last}`;
    return lead + (lang === 'uk' ? `${between} ${OF_MONTHS[n - 1] ?? ''} ${y}` : `${between} ${month(lang, n)} ${y}`);
  }
  return lead + day(lang, y, n, String(Number(d)));
}

/** An EDTF date as words; text in no known form is given as written. */
export function edtf(text: string, lang: Language): string {
  const parts = text.split('/');
  if (parts.length === 2) {
    const [a, b] = parts as [string, string];
    const words = WORDS[lang];
    const from = a === '..' || a === '' ? null : (single(a, lang) ?? a);
    const to = b === '..' || b === '' ? null : (single(b, lang) ?? b);
    if (from && to) return from + words.to + to;
    if (from) return words.since + from;
    if (to) return words.until + to;
  }
  return single(text, lang) ?? text;
}

/** A month on an axis: `Mar 2022`, `03.2022`. */
export function monthShort(text: string, lang: Language): string {
  const match = /^(\d{4})-(\d{2})$/.exec(text);
  if (!match) return text;
  const [, y, m] = match as unknown as [string, string, string];
  return lang === 'uk' ? `${m}.${y}` : `${month(lang, Number(m)).slice(0, 3)} ${y}`;
}

/** Whether the server would read `text` as a date. It is asked again there; this only saves a refused upload. */
export function isEdtf(text: string): boolean {
  const one = (part: string): boolean => part === '..' || single(part, 'en') !== null;
  const parts = text.trim().split('/');
  return parts.length <= 2 && parts.every(one) && parts.some((part) => part !== '..');
}

/** RFC 3339 with the clock and the offset that it was written with. */
function instantAsWritten(text: string, lang: Language): string | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2})(:\d{2})?(?:\.\d+)?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  if (!match) return null;
  const [, y, m, d, time, , zone] = match as unknown as [string, string, string, string, string, string | undefined, string | undefined];
  return `${day(lang, y, Number(m), String(Number(d)))}, ${time}${zone ? ` ${zone === 'Z' ? 'UTC' : zone.replace('-', '\u2212')}` : ''}`;
}

function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const abs = Math.abs(minutes);
  return `${minutes < 0 ? '\u2212' : '+'}${String(Math.floor(abs / 60)).padStart(2, '0')}:${String(abs % 60).padStart(2, '0')}`;
}

/** A moment of the record in this computer's zone, the offset beside it: `3 Nov 2026, 10:41 +02:00`. */
export function moment(text: string | null | undefined, lang: Language): string {
  if (!text) return '';
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const time = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
  return `${day(lang, String(at.getFullYear()), at.getMonth() + 1, String(at.getDate()))}, ${time} ${offset(at)}`;
}

/** The same, shortened to the clock where it is today. */
export function clockToday(text: string, now: Date): { today: boolean; time: string } {
  const at = new Date(text);
  return {
    today: at.toDateString() === now.toDateString(),
    time: `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`,
  };
}

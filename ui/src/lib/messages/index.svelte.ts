// The language of the interface, and the one way to write a sentence in it. Evidence never passes through here.

import { en, type Key, type Message, type Messages } from './en';
import { uk } from './uk';

export type Language = 'en' | 'uk';
export type { Key } from './en';
type Value = string | number;

const files: Record<Language, Messages> = { en, uk };
const rules: Record<Language, Intl.PluralRules> = { en: new Intl.PluralRules('en'), uk: new Intl.PluralRules('uk') };

function preferred(): Language {
  try {
    const kept = localStorage.getItem('zapys.lang');
    if (kept === 'en' || kept === 'uk') return kept;
  } catch {
    // Storage may be switched off.
  }
  return typeof navigator !== 'undefined' && navigator.language.toLowerCase().startsWith('uk') ? 'uk' : 'en';
}

class Locale {
  lang = $state<Language>('en');

  start(): void {
    this.choose(preferred(), false);
  }

  choose(lang: Language, keep = true): void {
    this.lang = lang;
    document.documentElement.lang = lang;
    if (!keep) return;
    try {
      localStorage.setItem('zapys.lang', lang);
    } catch {
      // The choice then lasts as long as the page.
    }
  }
}
export const locale = new Locale();

/** Groups thousands by a no-break space, in both languages: 12 345. */
export function number(n: number): string {
  const text = String(Math.round(n));
  return text.replace(/\B(?=(\d{3})+(?!\d))/g, '\u00a0');
}

/** Fills `{name}` with `values[name]`; numbers are grouped. A plural message takes its form from `values.n`. */
export function write(message: Message, lang: Language, values: Record<string, Value> = {}): string {
  let text: string;
  if (typeof message === 'string') text = message;
  else {
    const form = rules[lang].select(Number(values['n'] ?? 0)) as keyof typeof message;
    text = message[form] ?? message.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? number(value) : value;
  });
}

/** The sentence `key` in the language of the interface. */
export function t(key: Key, values?: Record<string, Value>): string {
  return write(files[locale.lang][key], locale.lang, values);
}

/** The word for a value that the server sends (`recording`, `no-speech`); a value nobody has named yet is shown as it is. */
export function word(group: string, value: string): string {
  const message = (files[locale.lang] as Record<string, Message | undefined>)[`${group}.${value}`];
  return typeof message === 'string' ? message : value;
}

/** The same with a capital, where it stands alone. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(locale.lang) + text.slice(1);
}

const names: Record<Language, Intl.DisplayNames> = {
  en: new Intl.DisplayNames('en', { type: 'language' }),
  uk: new Intl.DisplayNames('uk', { type: 'language' }),
};
/** "Russian" for `ru`; `und` is written out as unknown. */
export function language(tag: string | null | undefined): string {
  if (!tag || tag === 'und') return t('language.unknown');
  try {
    const name = names[locale.lang].of(tag) ?? tag;
    return capital(name);
  } catch {
    return tag;
  }
}

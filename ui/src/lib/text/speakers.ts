import type { Language } from '../messages/index.svelte';

/** The engine's own label ("Speaker A") in the language of the interface; a label that a person gave is left as it is. */
export function speakerLabel(label: string, lang: Language): string {
  const letter = /^Speaker ([A-Z0-9]{1,2})$/.exec(label)?.[1];
  return letter && lang === 'uk' ? `Мовець ${letter}` : label;
}

// Every action is a command; shortcuts, palette and help sheet all read this one list.

import { untrack } from 'svelte';
import type { Key } from '../messages/index.svelte';
import { free, isSign, nameOf } from './keys';

export type Group = 'go' | 'listen' | 'read' | 'write' | 'case' | 'view';
export interface Command {
  id: string;
  title: Key;
  group: Group;
  /** Names of keys (see `keys.ts`); `G C` is G, then C. */
  keys: string[];
  run: () => void;
  /** A key only: not offered in the palette, where it would make no sense. */
  keyOnly?: boolean;
}

const LETTERS = 'zapys.letters';
/** What works over everything: hide all, and lock. */
const ALWAYS = ['F8', 'Shift+F8'];

class Registry {
  #lists = $state.raw<Command[][]>([]);
  all = $derived(this.#lists.flat());
  /** Whether single letters and signs act as keys. */
  letters = $state(true);
  #pending = '';
  #since = 0;

  start(): void {
    try {
      this.letters = localStorage.getItem(LETTERS) !== 'off';
    } catch {
      this.letters = true;
    }
    addEventListener('keydown', (e) => this.#key(e), { capture: true });
  }

  useLetters(on: boolean): void {
    this.letters = on;
    try {
      localStorage.setItem(LETTERS, on ? 'on' : 'off');
    } catch {
      // The choice then lasts as long as the page.
    }
  }

  /** Adds commands for as long as a page or the shell lives. Gives the way to take them back. */
  add(list: Command[]): () => void {
    // Called from effects, which must not wait for the very list they change.
    untrack(() => (this.#lists = [...this.#lists, list]));
    return () => {
      untrack(() => (this.#lists = this.#lists.filter((other) => other !== list)));
    };
  }

  run(id: string): void {
    this.all.find((command) => command.id === id)?.run();
  }

  /** First key of a command, for the hint beside its button. */
  keyOf(id: string): string | null {
    return this.all.find((command) => command.id === id)?.keys[0] ?? null;
  }

  #key(e: KeyboardEvent): void {
    if (e.defaultPrevented || e.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(e.key)) return;
    const name = nameOf(e);
    const covered = document.documentElement.hasAttribute('data-covered');
    if ((covered || document.querySelector('dialog[open]')) && !ALWAYS.includes(name)) return;
    const target = e.target instanceof HTMLElement ? e.target : document.body;
    const about = { tag: target.tagName, type: target.getAttribute('type') ?? '', role: target.getAttribute('role') ?? '', editable: target.isContentEditable };
    if (!free(name, about) || (isSign(name) && !this.letters)) return;
    const chord = this.#pending && performance.now() - this.#since < 1500 ? `${this.#pending} ${name}` : '';
    this.#pending = '';
    // A chord begun is a chord meant; then the page's own commands, which stand after the shell's, win.
    const command = (chord ? this.all.findLast((it) => it.keys.includes(chord)) : undefined) ?? this.all.findLast((it) => it.keys.includes(name));
    if (command) {
      if (e.repeat && !['Arrow', ',', '.', '-', '='].some((part) => name.includes(part))) return e.preventDefault();
      e.preventDefault();
      command.run();
    } else if (this.all.some((it) => it.keys.some((key) => key.startsWith(`${name} `)))) {
      this.#pending = name;
      this.#since = performance.now();
    }
  }
}
export const commands = new Registry();

// Blind first listening: whether recordings open without the machine's words. A choice of this browser; which recordings were
// left while it was on is forgotten with the page.

const NAME = 'zapys.blind';

class Blind {
  /** Recordings open without the machine's words. */
  on = $state(false);
  #left = $state.raw<ReadonlySet<string>>(new Set());

  constructor() {
    try {
      this.on = localStorage.getItem(NAME) === '1';
    } catch {
      // A browser that keeps nothing forgets it with the page.
    }
  }
  /** Whether this recording is shown without the machine's words. */
  of(item: string): boolean {
    return this.on && !this.#left.has(item);
  }
  /** Shows the machine's words of this recording alone. */
  leave(item: string): void {
    this.#left = new Set([...this.#left, item]);
  }
  set(on: boolean): void {
    this.on = on;
    this.#left = new Set();
    try {
      if (on) localStorage.setItem(NAME, '1');
      else localStorage.removeItem(NAME);
    } catch {
      // As above.
    }
  }
}
export const blind = new Blind();

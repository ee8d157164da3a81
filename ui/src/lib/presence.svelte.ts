// Whether somebody is there. An encrypted case locks when nobody is; the server counts, and this tells it of people who read
// or listen without asking for anything. When nobody touches anything, nothing is sent.

import { stay } from './api/client';

/** Seconds between two reports, at most. */
const OFTEN = 30;

class Presence {
  /** Seconds that were left when the server told that it will lock; null where it has not. */
  left = $state<number | null>(null);
  #after: number | null = null;
  #every = 0;
  #reported = 0;
  /** When somebody touched something, by the clock on the wall: a computer that slept was not touched. */
  #seen = 0;
  #listening = false;

  /** `after`: seconds without a person until the case locks; null for never. */
  start(after: number | null): void {
    this.left = null;
    this.#after = after;
    this.#seen = Date.now();
    if (after === null) return;
    this.#every = Math.min(OFTEN, after / 5) * 1000;
    this.#reported = performance.now();
    if (this.#listening) return;
    this.#listening = true;
    for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) addEventListener(kind, () => this.#touched(), { capture: true, passive: true });
    addEventListener('pointermove', (e) => {
      // What moves below a pointer that lies still is no person. Nor does the notice go away under a pointer on its way to it.
      if (this.left === null && (e.movementX !== 0 || e.movementY !== 0)) this.#touched();
    }, { capture: true, passive: true });
  }

  /** Nobody touched anything for longer than the case stays open. */
  get gone(): boolean {
    return this.#after !== null && Date.now() - this.#seen > this.#after * 1000;
  }

  #touched(): void {
    this.#seen = Date.now();
    if (this.left !== null || performance.now() - this.#reported > this.#every) this.stay();
  }

  stay = (): void => {
    this.#reported = performance.now();
    // A refusal tells by itself that the case is locked; anything else is told elsewhere.
    stay().catch(() => null);
  };
  told(seconds: number): void {
    this.left = seconds;
  }
  settled(): void {
    this.left = null;
  }
}
export const presence = new Presence();

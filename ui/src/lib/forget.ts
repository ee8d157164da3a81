// Forgetting: what a locked case leaves behind in the browser is nothing.
//
// The page is taken away at once, then loaded anew: whatever scripts held goes with it. Only then does the new page ask what
// there is to see.

import { cover } from './cover.svelte';

let close: () => void = () => {};
let begun = false;

/** Says how the interface is taken down. */
export function closeWith(act: () => void): void {
  begun = false;
  close = act;
}

/** Shows nothing of the case any more. `meanwhile`: what is waited for before the page is loaded anew. */
export function forget(meanwhile?: unknown): void {
  if (begun) return;
  begun = true;
  cover.hush();
  try {
    close();
  } finally {
    document.body.replaceChildren();
    // An answer that never comes must not keep what scripts still hold.
    const enough = new Promise((done) => setTimeout(done, 20_000));
    const waited = meanwhile instanceof Promise ? Promise.race([meanwhile.catch(() => null), enough]) : Promise.resolve();
    void waited.then(() => location.reload());
  }
}

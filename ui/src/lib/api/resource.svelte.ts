// Something asked of the server for a page: the answer, or why there is none. A later question cancels an earlier one.

import { byThePage, Refusal } from './client';

export class Resource<T> {
  data = $state.raw<T | null>(null);
  refusal = $state.raw<Refusal | null>(null);
  loading = $state(false);
  #running: AbortController | null = null;
  #ask: ((signal: AbortSignal) => Promise<T>) | null = null;

  /** Asks anew. `keep`: the earlier answer stays on the page until the new one is here. */
  async load(ask: (signal: AbortSignal) => Promise<T>, keep = false): Promise<void> {
    this.#ask = ask;
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    if (!keep) this.data = null;
    try {
      const data = await ask(running.signal);
      if (this.#running !== running) return;
      this.data = data;
      this.refusal = null;
    } catch (cause) {
      if (this.#running !== running) return;
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
    }
    this.loading = false;
  }

  /** Asks the same again, quietly. */
  again = async (): Promise<void> => {
    if (this.#ask) await this.load(this.#ask, true);
  };

  /** The same, because something changed and not because somebody asked. */
  renew = (): Promise<void> => byThePage(this.again);

  stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.loading = false;
  }
}

// What words and translations have in common while people write them: one segment is open at a time, what is written is saved at
// once, a refusal leaves it open, and what was saved last can be taken back.

import { Refusal } from '../api/client';
import type { Transcript } from '../api/types';

export abstract class Saving<Draft extends { segment: string }, Saved extends { record: string }> {
  /** The segment that is open for writing. It stays open while the text around it is loaded anew. */
  draft = $state<Draft | null>(null);
  saving = $state(false);
  refusal = $state.raw<Refusal | null>(null);
  /** What was saved last, until something else is; for taking it back. */
  last = $state.raw<Saved | null>(null);
  protected readonly item: string;
  protected readonly transcript: () => Transcript | null;
  readonly #again: () => Promise<void>;

  /** `again`: brings the newest text. */
  constructor(item: string, transcript: () => Transcript | null, again: () => Promise<void>) {
    this.item = item;
    this.transcript = transcript;
    this.#again = again;
  }

  /** Leaves the segment as it was. */
  drop = (): void => {
    this.draft = null;
    this.refusal = null;
  };

  /** Saves what was written to a segment and closes it. */
  protected async save(segment: string, act: (transcript: Transcript) => Promise<Saved>): Promise<boolean> {
    const transcript = this.transcript();
    if (!transcript) return false;
    return this.#alone(async () => {
      this.last = await act(transcript);
      if (this.draft?.segment === segment) this.draft = null;
    });
  }

  protected abstract back(record: string, because: string): Promise<unknown>;

  /** Takes back what was saved last. */
  undo = async (because: string): Promise<void> => {
    const last = this.last;
    if (!last) return;
    await this.#alone(async () => {
      await this.back(last.record, because);
      this.last = null;
    });
  };

  /** One thing at a time. */
  async #alone(act: () => Promise<void>): Promise<boolean> {
    if (this.saving) return false;
    this.saving = true;
    this.refusal = null;
    try {
      await act();
      return true;
    } catch (cause) {
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
      return false;
    } finally {
      this.saving = false;
      // Also after a refusal: somebody else may have been quicker, and what was written stays open.
      await this.#again();
    }
  }
}

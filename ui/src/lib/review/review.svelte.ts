// What a person does to the words of a recording: mends a segment, says that it is right, takes it away, takes that back. Every
// act is saved at once as a revision over the text as it was seen; the text below stays.

import { hear, Refusal, revise, takeBack, type SegmentChange } from '../api/client';
import type { Revision, Segment, Transcript } from '../api/types';
import { given, type Reach } from './give';

/** What is being written. */
export interface Draft {
  segment: string;
  text: string;
  speaker: string | null;
  /** Which segments of its voice another voice is given to. */
  reach: Reach;
}

export class Review {
  /** The segment that is open for writing. It stays open while the text around it is loaded anew. */
  draft = $state<Draft | null>(null);
  saving = $state(false);
  refusal = $state.raw<Refusal | null>(null);
  /** What was saved last, until something else is; for taking it back. */
  last = $state.raw<Revision | null>(null);
  readonly #item: string;
  readonly #transcript: () => Transcript | null;
  readonly #again: () => Promise<void>;

  /** `again`: brings the newest text. */
  constructor(item: string, transcript: () => Transcript | null, again: () => Promise<void>) {
    this.#item = item;
    this.#transcript = transcript;
    this.#again = again;
  }

  #segment(id: string): Segment | null {
    return this.#transcript()?.segments.find((segment) => segment.id === id) ?? null;
  }

  begin(segment: Segment): void {
    this.refusal = null;
    this.draft = { segment: segment.id, text: segment.text, speaker: segment.speaker, reach: 'one' };
  }
  /** Leaves the segment as it was. */
  drop = (): void => {
    this.draft = null;
    this.refusal = null;
  };
  /** Saves what was written and closes the segment. An empty text changes nothing: that nothing is said has a button of its own. */
  async leave(): Promise<boolean> {
    const draft = this.draft;
    if (!draft || this.saving) return false;
    const was = this.#segment(draft.segment);
    const text = draft.text.trim().replace(/\s+/g, ' ');
    const edit: SegmentChange = { segment: draft.segment };
    if (text !== '' && text !== was?.text.trim()) edit.text = text;
    if (draft.speaker !== null && draft.speaker !== was?.speaker) edit.speaker = draft.speaker;
    if (edit.text === undefined && edit.speaker === undefined) {
      this.drop();
      return true;
    }
    return this.#put(edit, draft.reach);
  }
  /** A person heard the segment and it is right as it stands. */
  heard(segment: Segment): Promise<boolean> {
    return this.#put({ segment: segment.id });
  }
  /** Nothing is said there. */
  nothing(id: string): Promise<boolean> {
    return this.#put({ segment: id, removed: true });
  }

  async #put(edit: SegmentChange, reach: Reach = 'one'): Promise<boolean> {
    const transcript = this.#transcript();
    if (!transcript || this.saving) return false;
    this.saving = true;
    this.refusal = null;
    try {
      this.last = transcript.blind
        ? await hear(this.#item, [{ segment: edit.segment, text: edit.removed ? '' : (edit.text ?? '') }])
        : await revise(this.#item, transcript.revision?.number ?? null, given(transcript.segments, edit, reach));
      if (this.draft?.segment === edit.segment) this.draft = null;
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

  /** Takes back what was saved last. */
  undo = async (because: string): Promise<void> => {
    const last = this.last;
    if (!last || this.saving) return;
    this.saving = true;
    try {
      await takeBack(this.#item, last.record, because);
      this.last = null;
    } catch (cause) {
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
    } finally {
      this.saving = false;
      await this.#again();
    }
  };
}

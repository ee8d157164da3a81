// What a person says that a segment means: written beside what machines and others say, and in place of none of it. Each segment is
// saved at once, and can be taken back.

import { Refusal, takeTranslationBack, translate, type SegmentMeaning } from '../api/client';
import type { HumanTranslation, Segment, Transcript } from '../api/types';

/** What is being written. */
export interface Meaning {
  segment: string;
  /** Into which. */
  language: string;
  text: string;
  note: string;
  /** As it stood there: saving it unchanged confirms it. */
  was: string;
}

export class Translating {
  draft = $state<Meaning | null>(null);
  saving = $state(false);
  refusal = $state.raw<Refusal | null>(null);
  /** What was saved last, until something else is; for taking it back. */
  last = $state.raw<HumanTranslation | null>(null);
  readonly #item: string;
  readonly #transcript: () => Transcript | null;
  readonly #again: () => Promise<void>;

  /** `again`: brings the newest text. */
  constructor(item: string, transcript: () => Transcript | null, again: () => Promise<void>) {
    this.#item = item;
    this.#transcript = transcript;
    this.#again = again;
  }

  begin(segment: Segment, language: string): void {
    const first = segment.translations[language];
    // What is of other words is shown beside, and not taken over.
    const was = first && first.of === undefined ? first.text : '';
    this.refusal = null;
    this.draft = { segment: segment.id, language, text: was, note: '', was };
  }
  /** Leaves the translation as it was. */
  drop = (): void => {
    this.draft = null;
    this.refusal = null;
  };
  /** Saves what was written and closes it. `confirming`: also where it was left as it stood. */
  async leave(confirming: boolean): Promise<boolean> {
    const draft = this.draft;
    const transcript = this.#transcript();
    if (!draft || !transcript || this.saving) return false;
    const [text, note] = [draft.text, draft.note].map((it) => it.trim().replace(/\s+/g, ' ')) as [string, string];
    const isSame = text === draft.was.trim();
    if (note === '' && (text === '' || (isSame && !confirming))) {
      this.drop();
      return true;
    }
    const line: SegmentMeaning = { segment: draft.segment };
    if (text !== '') line.text = text;
    if (note !== '') line.note = note;
    this.saving = true;
    this.refusal = null;
    try {
      this.last = await translate(this.#item, transcript.revision?.number ?? null, draft.language, [line]);
      if (this.draft?.segment === draft.segment) this.draft = null;
      return true;
    } catch (cause) {
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
      return false;
    } finally {
      this.saving = false;
      await this.#again();
    }
  }

  /** Takes back what was saved last. */
  undo = async (because: string): Promise<void> => {
    const last = this.last;
    if (!last || this.saving) return;
    this.saving = true;
    try {
      await takeTranslationBack(this.#item, last.record, because);
      this.last = null;
    } catch (cause) {
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
    } finally {
      this.saving = false;
      await this.#again();
    }
  };
}

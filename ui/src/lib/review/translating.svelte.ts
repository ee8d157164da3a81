// What a person says that a segment means: written beside what machines and others say, and in place of none of it.

import { takeTranslationBack, translate, type SegmentMeaning } from '../api/client';
import type { HumanTranslation, Segment } from '../api/types';
import { Saving } from './saving.svelte';

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

export class Translating extends Saving<Meaning, HumanTranslation> {
  begin(segment: Segment, language: string): void {
    const first = segment.translations[language];
    // What is of other words is shown beside, and not taken over.
    const was = first && first.of === undefined ? first.text : '';
    this.refusal = null;
    this.draft = { segment: segment.id, language, text: was, note: '', was };
  }
  /** Saves what was written and closes it. `confirming`: also where it was left as it stood. */
  async leave(confirming: boolean): Promise<boolean> {
    const draft = this.draft;
    if (!draft || this.saving) return false;
    const [text, note] = [draft.text, draft.note].map((it) => it.trim().replace(/\s+/g, ' ')) as [string, string];
    const isSame = text === draft.was.trim();
    if (note === '' && (text === '' || (isSame && !confirming))) {
      this.drop();
      return true;
    }
    const line: SegmentMeaning = { segment: draft.segment };
    if (text !== '') line.text = text;
    if (note !== '') line.note = note;
    return this.save(draft.segment, (transcript) => translate(this.item, transcript.revision?.number ?? null, draft.language, [line]));
  }
  protected back(record: string, because: string): Promise<unknown> {
    return takeTranslationBack(this.item, record, because);
  }
}

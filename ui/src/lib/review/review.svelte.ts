// What a person does to the words of a recording: mends a segment, says that it is right, takes it away, takes that back. Every
// act is a revision over the text as it was seen; the text below stays.

import { hear, revise, takeBack, type SegmentChange } from '../api/client';
import type { Revision, Segment } from '../api/types';
import { given, type Reach } from './give';
import { Saving } from './saving.svelte';

/** What is being written. */
export interface Draft {
  segment: string;
  text: string;
  speaker: string | null;
  /** Which segments of its voice another voice is given to. */
  reach: Reach;
}

export class Review extends Saving<Draft, Revision> {
  begin(segment: Segment): void {
    this.refusal = null;
    this.draft = { segment: segment.id, text: segment.text, speaker: segment.speaker, reach: 'one' };
  }
  /** Saves what was written and closes the segment. An empty text changes nothing: that nothing is said has a button of its own. */
  async leave(): Promise<boolean> {
    const draft = this.draft;
    if (!draft || this.saving) return false;
    const was = this.transcript()?.segments.find((segment) => segment.id === draft.segment) ?? null;
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

  #put(edit: SegmentChange, reach: Reach = 'one'): Promise<boolean> {
    return this.save(edit.segment, (transcript) =>
      transcript.blind
        ? hear(this.item, [{ segment: edit.segment, text: edit.removed ? '' : (edit.text ?? '') }])
        : revise(this.item, transcript.revision?.number ?? null, given(transcript.segments, edit, reach))
    );
  }
  protected back(record: string, because: string): Promise<unknown> {
    return takeBack(this.item, record, because);
  }
}

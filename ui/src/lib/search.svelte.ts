// The one search of the workbench. The words typed live here, in memory, and nowhere else.

import { search } from './api/client';
import { blind } from './review/blind.svelte';
import { Resource } from './api/resource.svelte';
import type { SearchAnswer } from './api/types';

const STEP = 50;

class Finder {
  text = $state('');
  kind = $state('');
  lang = $state('');
  /** The words that the answer belongs to. */
  asked = $state('');
  limit = $state(STEP);
  answer = new Resource<SearchAnswer>();
  /** Words of recordings were left out: whoever asked listens first. */
  withheld = $state(false);

  run(more = false): Promise<void> {
    const query = this.text.trim();
    if (query === '') return Promise.resolve();
    this.limit = more && query === this.asked ? this.limit + STEP : STEP;
    const same = query === this.asked && this.withheld === blind.on;
    this.withheld = blind.on;
    this.asked = query;
    const body = { query, limit: this.limit, ...(this.kind ? { kind: this.kind } : {}), ...(this.lang ? { lang: this.lang } : {}), ...(blind.on ? { blind: true } : {}) };
    return this.answer.load((signal) => search(body, signal), same);
  }
}
export const finder = new Finder();

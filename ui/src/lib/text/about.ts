// An item in a few words: what stands under its title.

import type { Item } from '../api/types';
import { t, word } from '../messages/index.svelte';
import { clock } from '../playback/time';
import { shortId } from './amounts';

/** ID, kind with channels, and how long or how many. */
export function about(item: Item): string[] {
  const kind = word('kind', item.kind);
  const out = [shortId(item.item), item.channels && item.duration_ms ? `${kind}, ${t('item.channels', { n: item.channels })}` : kind];
  if (item.duration_ms) out.push(clock(item.duration_ms));
  if (item.n_messages) out.push(t('item.messages', { n: item.n_messages }));
  if (item.n_calls) out.push(t('item.calls', { n: item.n_calls }));
  return out;
}

/** A title that is only a file name is set as a fixed record, not as somebody's words. */
export function isFileName(title: string): boolean {
  return /^[^\s«»“”"]+\.[a-z0-9]{1,8}$/iu.test(title);
}

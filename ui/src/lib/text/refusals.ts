// Why a way into the case was not taken, in the words of the interface. What nobody foresaw is told as the server tells it.

import type { Refusal } from '../api/client';
import { t, type Key } from '../messages/index.svelte';
import { sentence } from './sentence';

const KNOWN: Record<string, Key> = {
  'wrong-key': 'unlock.no',
  'no-such-way-in': 'unlock.noway',
  'bad-recovery-key': 'unlock.typo',
  'bad-way-in': 'unlock.nofile',
  'too-soon': 'unlock.toosoon',
  busy: 'unlock.busy',
  'key-file-damaged': 'unlock.damaged',
  'weak-key': 'ways.weak',
  'last-way-in': 'ways.last',
  'no-such-slot': 'ways.gone',
  'legal-hold': 'dispose.hold',
  disposed: 'dispose.already',
  unreachable: 'error.unreachable.why',
};

export function refusalToOpen(refusal: Refusal): string {
  const known = KNOWN[refusal.code];
  if (known) return t(known);
  return [sentence(refusal.detail) || t('error.title'), sentence(refusal.hint)].filter((part) => part !== '').join(' ');
}

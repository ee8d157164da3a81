// The batch being taken in: files, what is said about them, and how far each is. Lives in memory; two go at a time.

import { upload, type Provenance } from './api/upload';
import { Refusal } from './api/client';
import type { AddOutcome } from './api/types';

export type State = 'ready' | 'queued' | 'sending' | 'sealing' | 'done' | 'failed' | 'stopped';
const AT_ONCE = 2;

export class Entry {
  state = $state<State>('ready');
  share = $state(0);
  outcomes = $state.raw<AddOutcome[]>([]);
  refusal = $state.raw<Refusal | null>(null);
  constructor(
    readonly id: number,
    readonly file: File,
    /** Path below the dropped folder, or the file's own name. */
    readonly name: string,
  ) {}
}

export const QUESTIONS = ['source', 'origin', 'recorded', 'published', 'collected_by', 'legal_basis'] as const;
export type Question = (typeof QUESTIONS)[number];

class Intake {
  entries = $state<Entry[]>([]);
  answers = $state<Record<Question, string>>({ source: '', origin: '', recorded: '', published: '', collected_by: '', legal_basis: '' });
  unknown = $state<Record<Question, boolean>>({ source: false, origin: false, recorded: false, published: false, collected_by: false, legal_basis: false });
  lang = $state('');
  running = $state(false);
  #next = 1;
  #stop: AbortController | null = null;

  /** Questions that have neither an answer nor "unknown". */
  open = $derived(QUESTIONS.filter((q) => !this.unknown[q] && this.answers[q].trim() === ''));
  started = $derived(this.entries.some((entry) => entry.state !== 'ready'));
  finished = $derived(this.entries.length > 0 && !this.running && this.started);
  bytes = $derived(this.entries.reduce((sum, entry) => sum + entry.file.size, 0));
  tally = $derived.by(() => {
    const outcomes = this.entries.flatMap((entry) => entry.outcomes);
    const lost = this.entries.filter((entry) => entry.state === 'failed' && entry.outcomes.length === 0).length;
    return {
      added: outcomes.filter((it) => it.status === 'added').length,
      duplicate: outcomes.filter((it) => it.status === 'duplicate').length,
      failed: outcomes.filter((it) => it.status === 'failed').length + lost,
    };
  });

  /** Adds files to the batch; a new batch begins after a finished one. */
  take(files: readonly { file: File; name: string }[]): void {
    if (this.finished) this.clear();
    for (const { file, name } of files) {
      if (!this.entries.some((entry) => entry.name === name && entry.file.size === file.size)) this.entries.push(new Entry(this.#next++, file, name));
    }
  }
  leaveOut(entry: Entry): void {
    this.entries = this.entries.filter((other) => other !== entry);
  }
  allUnknown(): void {
    for (const q of QUESTIONS) if (this.answers[q].trim() === '') this.unknown[q] = true;
  }
  clear(): void {
    this.entries = [];
  }

  async start(): Promise<void> {
    if (this.running) return;
    this.running = true;
    const stop = new AbortController();
    this.#stop = stop;
    const waiting = this.entries.filter((entry) => entry.state === 'ready' || entry.state === 'failed' || entry.state === 'stopped');
    for (const entry of waiting) {
      entry.state = 'queued';
      entry.refusal = null;
      entry.outcomes = [];
      entry.share = 0;
    }
    const said: Provenance = {};
    for (const q of QUESTIONS) if (!this.unknown[q] && this.answers[q].trim() !== '') said[q] = this.answers[q].trim();
    if (this.lang) said.lang = this.lang;
    const lane = async (): Promise<void> => {
      for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
        if (stop.signal.aborted) entry.state = 'stopped';
        else await this.#send(entry, said, stop.signal);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    this.running = false;
  }
  stop(): void {
    this.#stop?.abort();
  }

  async #send(entry: Entry, said: Provenance, signal: AbortSignal): Promise<void> {
    entry.state = 'sending';
    try {
      entry.outcomes = await upload(entry.file, entry.name, said, (share) => {
        entry.share = share;
        if (share >= 1) entry.state = 'sealing';
      }, signal);
      entry.state = entry.outcomes.length > 0 && entry.outcomes.every((it) => it.status === 'failed') ? 'failed' : 'done';
    } catch (cause) {
      if (cause instanceof DOMException) entry.state = 'stopped';
      else {
        entry.refusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
        entry.state = 'failed';
      }
    }
  }
}
export const intake = new Intake();

/** Files of a drop, folders walked through. Names keep the path below what was dropped. */
export async function dropped(data: DataTransfer): Promise<{ file: File; name: string }[]> {
  // The list is emptied when the event ends, so the roots are taken first.
  const roots = [...data.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (roots.length === 0) return [...data.files].map((file) => ({ file, name: file.name }));
  const found: { file: File; name: string }[] = [];
  for (const root of roots) await walk(root, '', found);
  return found;
}

async function walk(entry: FileSystemEntry, above: string, found: { file: File; name: string }[]): Promise<void> {
  const name = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ file, name });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const child of part) await walk(child, `${name}/`, found);
  }
}

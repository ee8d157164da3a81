// The session and the case at a glance, shared by the shell and every page, kept fresh by server-sent events.

import { forget } from '../forget';
import { presence } from '../presence.svelte';
import { byThePage, eventsUrl, getCase, onLocked, openSession, pauseWork, processDue, Refusal, verify as askVerify } from './client';
import { Resource } from './resource.svelte';
import type { CaseView, LockedSession, OpenSession, ProgressEvent, Verification } from './types';

type Listener = (item: string) => void;

class Casework {
  /** The open case. */
  session = $state.raw<OpenSession | null>(null);
  /** All that is known of a locked one. */
  locked = $state.raw<LockedSession | null>(null);
  refusal = $state.raw<Refusal | null>(null);
  view = new Resource<CaseView>();
  /** How far each running derivation is, by `item derivation`. */
  running = $state<Record<string, number>>({});
  /** The event stream is down and numbers may be old. */
  stale = $state(false);
  verification = $state.raw<{ result: Verification; time: string } | null>(null);
  verifying = $state(false);
  verifyRefusal = $state.raw<Refusal | null>(null);
  /** Items whose bytes were found changed; never emptied while the page lives. */
  faults = $state<string[]>([]);
  ledgerFault = $state(false);
  #listeners = new Set<Listener>();
  #timer = 0;

  async start(): Promise<void> {
    onLocked(forget);
    try {
      const session = await openSession();
      this.refusal = null;
      this.locked = session.locked ? session : null;
      if (session.locked) return;
      this.session = session;
      presence.start(session.lock_after_s);
    } catch (cause) {
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
      return;
    }
    void this.view.load(getCase);
    this.#listen();
  }

  /** Calls `listener` with the item whenever one changes. Gives the way to stop. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes come in bursts while work runs; one question each second is enough. */
  refresh = (): void => {
    if (this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.view.renew();
    }, 1000);
  };

  /** An item changed by what was done here: its page shows it at once. */
  changed(item: string): void {
    this.#listeners.forEach((listener) => listener(item));
  }

  noteFault(item: string): void {
    if (!this.faults.includes(item)) this.faults.push(item);
  }

  /** How many derivations the last wish to run put in the queue; null before any. */
  queued = $state<number | null>(null);

  async process(): Promise<void> {
    try {
      this.queued = (await processDue()).queued;
    } catch {
      this.queued = null;
    }
    this.refresh();
  }

  /** Begins nothing new; what is under way comes to its end. */
  async pause(): Promise<void> {
    try {
      await pauseWork();
    } finally {
      this.queued = null;
      this.refresh();
    }
  }

  async verify(): Promise<void> {
    if (this.verifying) return;
    this.verifying = true;
    this.verifyRefusal = null;
    try {
      const result = await askVerify();
      this.verification = { result, time: new Date().toISOString() };
      if (!result.ledger.consistent) this.ledgerFault = true;
      for (const bad of result.objects.bad) {
        if (bad.items && bad.items.length > 0) bad.items.forEach((id) => this.noteFault(id));
        else this.noteFault(bad.object);
      }
      this.view.again();
    } catch (cause) {
      this.verifyRefusal = cause instanceof Refusal ? cause : new Refusal(0, '', '', '', 'unexpected');
    }
    this.verifying = false;
  }

  #listen(): void {
    const source = new EventSource(eventsUrl);
    source.onopen = () => {
      // After a loss something may have changed unseen.
      if (this.stale) this.refresh();
      this.stale = false;
    };
    source.onerror = () => {
      if (!this.stale) this.#alone();
      this.stale = true;
      // The browser tries again by itself unless the answer was a refusal.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => void this.#again(), 5000);
    };
    source.addEventListener('locked', forget);
    source.addEventListener('locking', (e) => presence.told(read<{ seconds?: number }>(e as MessageEvent<string>)?.seconds ?? 0));
    source.addEventListener('staying', () => presence.settled());
    source.addEventListener('progress', (e) => this.#progress(e as MessageEvent<string>));
    source.addEventListener('changed', (e) => {
      const { item } = read<{ item?: string }>(e as MessageEvent<string>) ?? {};
      this.refresh();
      if (item) this.#listeners.forEach((listener) => listener(item));
    });
  }

  /** Without a server that tells when the case locks, the page counts for itself. */
  #alone(): void {
    setTimeout(() => {
      if (!this.stale) return;
      if (presence.gone) forget();
      else this.#alone();
    }, 3000);
  }

  /** Asks whether the case is still open before listening again. */
  async #again(): Promise<void> {
    const session = await byThePage(openSession).catch(() => null);
    if (session?.locked) forget();
    else this.#listen();
  }

  #progress(e: MessageEvent<string>): void {
    const it = read<ProgressEvent>(e);
    if (!it?.item) return;
    const key = `${it.item} ${it.derivation}`;
    if (it.event === 'started' || it.event === 'progress') this.running[key] = it.fraction ?? this.running[key] ?? 0;
    else {
      delete this.running[key];
      this.#listeners.forEach((listener) => listener(it.item));
    }
    if (it.event !== 'progress') this.refresh();
  }
}

function read<T>(e: MessageEvent<string>): T | null {
  try {
    return JSON.parse(e.data) as T;
  } catch {
    return null;
  }
}

export const casework = new Casework();

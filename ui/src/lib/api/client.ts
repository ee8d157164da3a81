// One way to ask the server. Errors keep the server's sentence and remedy; nothing here decides anything.

import { untrack } from 'svelte';
import { blind } from '../review/blind.svelte';
import type { AddOutcome, Block, CallRow, CaseView, CustodyEvent, Dated, Difference, Disposal, HumanTranslation, Item, ItemDetail, ItemsPage, LedgerPage, Message, Peaks, PictureFacts, ReadText, Revision, SearchAnswer, Segment, Session, Term, Transcript, Verification, VoicePair, Voices, Way } from './types';

const ROOT = '/api/v1';

/** Whether words of recordings are withheld. Who asks this here does not ask again when it changes. */
const listensFirst = (): boolean => untrack(() => blind.on);

/** An answer that is not the one hoped for: what, why, what to do. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly hint: string,
    readonly code: string,
    /** Seconds until the same may be asked again. */
    readonly wait: number = 0,
  ) {
    super(detail || title);
  }
  /** The thing is not there (yet), which is no failure. */
  get absent(): boolean {
    return this.status === 404;
  }
}

let csrf = '';
let byItself = false;
let whenLocked: () => void = () => {};

/** What is asked within `act` is asked by the page, not by a person: it keeps no case open. */
export function byThePage<T>(act: () => T): T {
  byItself = true;
  try {
    return act();
  } finally {
    byItself = false;
  }
}
/** Says what is done once the server tells that the case is locked. */
export function onLocked(act: () => void): void {
  whenLocked = act;
}
/** Notices where an answer says that the case is locked. */
export function noticeLock(refusal: Refusal): Refusal {
  if (refusal.status === 423) whenLocked();
  return refusal;
}

export async function refusalOf(response: Response): Promise<Refusal> {
  return refusalFrom(response.status, await response.text().catch(() => ''));
}

/** Reads problem+json; anything else (a proxy's page, nothing) becomes a plain status. */
export function refusalFrom(status: number, body: string): Refusal {
  try {
    const problem = JSON.parse(body) as Record<string, unknown>;
    const text = (name: string): string => (typeof problem[name] === 'string' ? problem[name] : '');
    return new Refusal(status, text('title'), text('detail'), text('hint'), text('code'), Number(problem['wait_s']) || 0);
  } catch {
    return new Refusal(status, '', '', '', `http-${status}`);
  }
}

async function ask<T>(path: string, signal?: AbortSignal, init: RequestInit = {}): Promise<T> {
  let response: Response;
  const page: Record<string, string> = byItself ? { 'X-Zapys-Background': '1' } : {};
  try {
    response = await fetch(ROOT + path, { ...init, signal: signal ?? null, headers: { Accept: 'application/json', ...page, ...(init.headers as Record<string, string> | undefined) } });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new Refusal(0, '', '', '', 'unreachable');
  }
  if (!response.ok) throw noticeLock(await refusalOf(response));
  return (await response.json()) as T;
}

function post<T>(path: string, body?: unknown, signal?: AbortSignal, method = 'POST'): Promise<T> {
  return ask<T>(path, signal, {
    method,
    headers: { 'X-Zapys-Csrf': csrf, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const item = (id: string, rest = ''): string => `/items/${encodeURIComponent(id)}${rest}`;

/** A date may come as text alone; its basis is then unknown. */
function dated(value: unknown): Dated | null {
  if (typeof value === 'string') return { value, basis: null };
  return (value as Dated | null | undefined) ?? null;
}
function withDates<T extends Item>(it: T): T {
  return { ...it, recorded: dated(it.recorded), published: dated(it.published), collected: dated(it.collected), flags: it.flags ?? {}, languages: it.languages ?? [] };
}

export async function openSession(): Promise<Session> {
  const session = await ask<Session>('/session');
  csrf = session.csrf;
  return session;
}
/** The token that every change carries. */
export function csrfToken(): string {
  return csrf;
}

/** What a person gives to get in: words (a passphrase or a recovery key), or the bytes of a key file. */
export type WayIn = string | Uint8Array;
function given(way: WayIn): { passphrase: string } | { key_file: string } {
  if (typeof way === 'string') return { passphrase: way };
  let text = '';
  for (const byte of way) text += String.fromCharCode(byte);
  return { key_file: btoa(text) };
}
export const unlock = (way: WayIn): Promise<unknown> => post('/unlock', given(way));
/** Answered once keys and plain copies are gone. The request outlives the page. */
export const lock = (): Promise<{ released: boolean }> => ask('/lock', undefined, { method: 'POST', headers: { 'X-Zapys-Csrf': csrf }, keepalive: true });
export const stay = (): Promise<unknown> => post('/stay');
export const getWays = async (signal?: AbortSignal): Promise<Way[]> => (await ask<{ ways: Way[] }>('/keys', signal)).ways;
export const addWay = (way: WayIn): Promise<unknown> => post('/keys', given(way));
export const removeWay = (id: string): Promise<unknown> => post(`/keys/${encodeURIComponent(id)}`, undefined, undefined, 'DELETE');
export const renewRecovery = async (): Promise<string> => (await post<{ recovery_key: string }>('/keys/recovery')).recovery_key;

export const getCase = (signal?: AbortSignal): Promise<CaseView> => ask('/case', signal);

export interface ItemsQuery {
  kind: readonly string[];
  status: readonly string[];
  language: readonly string[];
  flag: readonly string[];
  sort: string;
}
export async function getItems(query: ItemsQuery, cursor: string | null, limit: number, signal?: AbortSignal): Promise<ItemsPage> {
  const params = new URLSearchParams();
  for (const name of ['kind', 'status', 'language', 'flag'] as const) for (const value of query[name]) params.append(name, value);
  params.set('sort', query.sort);
  params.set('limit', String(limit));
  if (cursor) params.set('cursor', cursor);
  if (listensFirst()) params.set('blind', 'true');
  const page = await ask<ItemsPage>(`/items?${params}`, signal);
  return { ...page, items: page.items.map(withDates) };
}

export async function getItem(id: string, signal?: AbortSignal): Promise<ItemDetail> {
  return withDates(await ask<ItemDetail>(item(id, listensFirst() ? '?blind=true' : ''), signal));
}
export async function getItemCustody(id: string, signal?: AbortSignal): Promise<CustodyEvent[]> {
  return (await ask<{ events: CustodyEvent[] }>(item(id, '/custody'), signal)).events;
}
/** `blind`: times and voices, and the asking person's own words alone. */
export async function getTranscript(id: string, blind: boolean, signal?: AbortSignal): Promise<Transcript> {
  const it = await ask<Transcript>(item(id, blind ? '/transcript?blind=true' : '/transcript'), signal);
  const segments = it.segments.map((s): Segment => ({ ...s, flags: s.flags ?? [], words: s.words ?? [], translations: s.translations ?? {} }));
  return { ...it, reviewed: it.reviewed === true, speakers: it.speakers ?? [], segments };
}
/** What is done to one segment; nothing: it was heard and is right. */
export interface SegmentChange {
  segment: string;
  text?: string;
  speaker?: string;
  removed?: boolean;
  /** Milliseconds; for a segment that is added. */
  start_ms?: number;
  end_ms?: number;
}
/** `over`: the newest revision as it was seen. Errors: 409 where somebody was quicker. */
export const revise = (id: string, over: number | null, changes: readonly SegmentChange[], how: { manner?: string; reason?: string } = {}): Promise<Revision> =>
  post(item(id, '/revisions'), { over, changes, ...how });
/** What a segment means in another language; without text and note, what this person said of it is taken back. */
export interface SegmentMeaning {
  segment: string;
  text?: string;
  note?: string;
}
/** `over`: the newest revision as it was seen. Errors: 409 where the words are others now. */
export const translate = (id: string, over: number | null, into: string, lines: readonly SegmentMeaning[]): Promise<HumanTranslation> =>
  post(item(id, '/translations'), { over, language: into, lines });
export const takeTranslationBack = (id: string, record: string, because: string): Promise<unknown> => post(item(id, '/records'), { kind: 'translation', corrects: record, because });
export const getRevisions = async (id: string, signal?: AbortSignal): Promise<Revision[]> => (await ask<{ revisions: Revision[] }>(item(id, '/revisions'), signal)).revisions;
/** Where two texts differ: `machine`, `latest` or a number each. */
export const compare = async (id: string, a: string, b: string, signal?: AbortSignal): Promise<Difference[]> =>
  (await ask<{ differences: Difference[] }>(item(id, `/compare?a=${a}&b=${b}`), signal)).differences;
/** What was heard before any text was shown. */
export const hear = (id: string, heard: readonly { segment: string; text: string }[]): Promise<Revision> => post(item(id, '/listening'), { heard });
export const takeBack = (id: string, record: string, because: string): Promise<unknown> => post(item(id, '/records'), { kind: 'revision', corrects: record, because });
export const getVoices = (id: string, signal?: AbortSignal): Promise<Voices> => ask(item(id, '/voices'), signal);
export const decideVoice = (suggestion: string, same: 'yes' | 'no', because: string): Promise<VoicePair> => post(`/voices/${encodeURIComponent(suggestion)}`, { same, because });
export const takeVoiceBack = (record: string, because: string): Promise<unknown> => post('/records', { kind: 'voice', corrects: record, because });
/** A term as it is written down; what is not said is left out. */
export type TermBody = Pick<Term, 'term' | 'sort' | 'meaning'> & Partial<{ also: string[]; rendering: string; basis: string }>;
export const getGlossary = async (signal?: AbortSignal): Promise<Term[]> => (await ask<{ terms: Term[] }>('/glossary', signal)).terms;
export const putTerm = (record: TermBody): Promise<unknown> => post('/records', { kind: 'term', record });
export const mendTerm = (corrects: string, record: TermBody, because: string): Promise<unknown> => post('/records', { kind: 'term', corrects, record, because });
export const takeTermBack = (corrects: string, because: string): Promise<unknown> => post('/records', { kind: 'term', corrects, because });
export const getPeaks = (id: string, signal?: AbortSignal): Promise<Peaks> => ask(item(id, '/peaks'), signal);
export async function getText(id: string, signal?: AbortSignal): Promise<ReadText> {
  const it = await ask<ReadText>(item(id, '/text'), signal);
  const blocks = it.blocks.map((b): Block => ({ ...b, words: b.words ?? [], side: b.side ?? null }));
  return { ...it, reviewed: it.reviewed === true, pages: it.pages ?? [], quotes: it.quotes ?? [], blocks };
}
export const getPicture = (id: string, signal?: AbortSignal): Promise<PictureFacts> => ask(item(id, '/picture'), signal);
export async function getMessages(id: string, signal?: AbortSignal): Promise<Message[]> {
  return (await ask<{ messages: Message[] }>(item(id, '/messages'), signal)).messages;
}
export async function getCalls(id: string, signal?: AbortSignal): Promise<CallRow[]> {
  return (await ask<{ rows: CallRow[] }>(item(id, '/calls'), signal)).rows;
}
export const planDisposal = (id: string, signal?: AbortSignal): Promise<Disposal> => ask(item(id, '/dispose'), signal);
export const dispose = (id: string, reason: string, authority: string): Promise<Disposal> => post(item(id, '/dispose'), { reason, authority });
export const mediaUrl = (id: string): string => ROOT + item(id, '/media');
/** The copy that filters made easier to listen to. */
export const enhancedUrl = (id: string): string => ROOT + item(id, '/enhanced');
export const imageUrl = (id: string): string => ROOT + item(id, '/image');
export const eventsUrl = `${ROOT}/events`;
export const intakeUrl = (name: string): string => `${ROOT}/intake?name=${encodeURIComponent(name)}`;

/** Words go in the body, so that no address, history or log holds them. */
export const search = (query: { query: string; lang?: string; kind?: string; limit: number; blind?: boolean }, signal?: AbortSignal): Promise<SearchAnswer> =>
  post('/search', query, signal);
export const verify = (): Promise<Verification> => post('/verify');
export const pauseWork = (): Promise<{ paused: boolean }> => post('/process/pause');
export const putFirst = (item: string): Promise<{ open: number }> => post(`/items/${item}/first`);
export const processDue = (): Promise<{ queued: number }> => post('/process');
export function getLedger(cursor: string | null, limit: number, signal?: AbortSignal): Promise<LedgerPage> {
  const params = new URLSearchParams({ limit: String(limit) });
  if (cursor) params.set('cursor', cursor);
  return ask(`/custody?${params}`, signal);
}
export type { AddOutcome };

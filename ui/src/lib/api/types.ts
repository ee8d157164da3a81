// What the API sends: the nouns and fields of the public interface, times in milliseconds on the media clock.

export type Kind = 'recording' | 'video' | 'screenshot' | 'photo' | 'chat-export' | 'call-records' | 'article' | 'web-archive' | 'document' | 'other';
export type Counted = Record<string, number>;

/** A date with where it comes from; EDTF, so it may be vague. */
export interface Dated {
  value: string;
  basis: string | null;
}
export interface Problem {
  message: string;
  hint: string | null;
  code: string | null;
}

/** Of a locked case neither name nor ID is told. */
export interface LockedSession {
  locked: true;
  encrypted: boolean;
  /** Work goes on behind the lock, and the keys stay in memory until it is done. */
  working: boolean;
  actor: string;
  version: string;
  csrf: string;
}
export interface OpenSession {
  locked: false;
  encrypted: boolean;
  case: string;
  name: string;
  actor: string;
  version: string;
  csrf: string;
  /** Seconds without a person after which it locks; null for never. */
  lock_after_s: number | null;
  /** The server that speech is sent to; null where all stays on this machine. */
  speech_goes_to?: string | null;
  /** Host and port that words go to, to be translated. */
  words_go_to?: string | null;
}
export type Session = LockedSession | OpenSession;

/** One way into an encrypted case. */
export interface Way {
  id: string;
  kind: 'passphrase' | 'key-file' | 'recovery';
  created: string;
}
/** What disposing of an item destroys. */
export interface Disposal {
  item: string;
  disposed: boolean;
  objects: number;
  shared: number;
  members: number;
  encrypted: boolean;
}

export interface Stage {
  derivation: string;
  total: number;
  done: number;
  failed: number;
  running: number;
  seconds_left: number | null;
  /** Seconds of sound in a second of the clock. */
  times_real_time?: number | null;
}
export interface Change {
  time: string;
  action: string;
  item: string;
  title: string;
  kind: Kind;
}
export interface CaseView {
  case: string;
  name: string;
  encrypted: boolean;
  created: string;
  counts: { items: number; by_kind: Counted; by_status: Counted };
  work: { paused: boolean; stages: Stage[] };
  unsearchable: { count: number; reasons: { reason: string; count: number }[] };
  unreviewed_segments: number;
  ledger: { size: number; root: string; checkpoint: { size: number; time: string } | null; stamped: boolean };
  changes: Change[];
}

export interface Item {
  item: string;
  title: string;
  kind: Kind;
  media_type: string;
  object: string;
  bytes: number;
  status: string;
  language: string;
  languages: string[];
  duration_ms: number | null;
  channels: number | null;
  recorded: Dated | null;
  published: Dated | null;
  collected: Dated | null;
  received: string;
  processing: string;
  n_segments: number | null;
  n_messages: number | null;
  n_calls: number | null;
  flags: Counted;
  preview: string | null;
  thumb_peaks: number[] | null;
  parent: string | null;
  n_acquisitions: number;
  findings: number;
  /** Its content was destroyed on purpose. */
  disposed?: boolean;
}
export interface Facets {
  kind: Counted;
  language: Counted;
  status: Counted;
  flags: Counted;
  dated: { without: number; months: Counted };
}
export interface ItemsPage {
  total: number;
  items: Item[];
  next: string | null;
  facets: Facets;
}

export type Locator =
  | { at: 'whole' }
  | { at: 'span'; start_ms: number; end_ms: number; channel?: number }
  | { at: 'page'; page: number; region?: { x: number; y: number; w: number; h: number } }
  | { at: 'bytes'; start: number; len: number }
  | { at: 'message'; thread: string; message_id: string }
  | { at: 'row'; row: number };
export interface Finding {
  code: string;
  severity: 'note' | 'warning' | 'serious';
  message: string;
  locator: Locator;
}
export interface Engine {
  name: string;
  version: string;
  model?: string | null;
  model_sha256?: string | null;
  parameters?: unknown;
}
export interface Derivative {
  derivation: string;
  status: string;
  engine: Engine | null;
  object: string | null;
  seconds: number | null;
  started: string | null;
  finished: string | null;
  error: Problem | null;
  findings: Finding[];
}
export interface Acquisition {
  acquisition: string;
  time: string;
  actor: string;
  path: string;
  source: string | null;
  source_grade: string | null;
  origin: string | null;
  collected_by: string | null;
  legal_basis: string | null;
  recorded: string | null;
  published: string | null;
  sensitivity: string | null;
  labels: Record<string, string>;
}
export interface CustodyEvent {
  seq: number;
  time: string;
  actor: string;
  action: string;
  subject: string | null;
  prev: string | null;
  leaf: string;
  detail: unknown;
}
export interface ItemDetail extends Item {
  acquisitions: Acquisition[];
  derivatives: Derivative[];
  children: { item: string; title: string; kind: Kind }[];
  integrity: { state: 'unchanged' | 'changed' | 'not-checked'; checked: string | null; entry: number };
  custody: CustodyEvent[];
}

export interface Word {
  start_ms: number;
  end_ms: number;
  text: string;
  confidence: number;
}
/** A speaker of a recording. */
export interface SpeakerRef {
  item: string;
  title: string;
  speaker: string;
  heard_ms: number | null;
}
/** Two speakers who may be one person. */
export interface VoicePair {
  suggestion: string;
  speakers: [SpeakerRef, SpeakerRef];
  score: number | null;
  ratio: number | null;
  likeness: number | null;
  tool: string | null;
  status: 'suggested' | 'confirmed' | 'rejected';
  record: string | null;
  by: string | null;
  time: string | null;
  because: string | null;
  earlier: boolean;
}
export interface Voices {
  made: boolean;
  prints: number;
  without: number;
  pairs: VoicePair[];
}
/** One segment in another language, and the same by other engines. */
export interface Translated {
  text: string;
  /** Who wrote it: engine or model, or the person. */
  engine: string;
  /** A person wrote or confirmed it. */
  reviewed: boolean;
  /** The person who wrote it; absent for a machine's. */
  by?: string;
  time?: string;
  reviewed_by?: string[];
  /** The words that it is of, where the segment has others now. */
  of?: string;
  lost?: string[];
  beside?: Translated[];
}
/** What somebody remarked about a translation. */
export interface Remark {
  language: string;
  by: string;
  time: string;
  text: string;
}
/** Translations of segments that somebody put on record. */
export interface HumanTranslation {
  record: string;
  by: string;
  time: string;
  language: string;
  translated: number;
  remarked: number;
  withdrawn: number;
  current: boolean;
}
export interface Segment {
  id: string;
  start_ms: number;
  end_ms: number;
  speaker: string | null;
  channel: number | null;
  language: string;
  text: string;
  confidence: number;
  flags: string[];
  words: Word[];
  translations: Record<string, Translated>;
  remarks?: Remark[];
  /** What another hearing has in its place, where that is other words; empty where it heard none. */
  second?: { text: string; engine: string };
  /** The newest revision that changed it: its words are a person's then. */
  revision?: number;
  /** Words that the glossary explains. */
  glosses?: Gloss[];
}
/** What somebody says a word means in this case. */
export interface Term {
  record: string;
  term: string;
  sort: string;
  meaning: string;
  also: string[];
  rendering: string | null;
  basis: string | null;
  by: string;
  time: string;
}
/** A word of the glossary in a text: record of the term, first character, one past the last, counted in code points. */
export interface Gloss {
  term: string;
  start: number;
  end: number;
}
export interface Speaker {
  id: string;
  label: string;
  channel: number | null;
}
export interface Transcript {
  language: string;
  duration_ms: number;
  reviewed: boolean;
  engine: Engine;
  speakers: Speaker[];
  segments: Segment[];
  /** The revision that is shown; absent for the machine's own words. */
  revision?: Revision;
  /** Present where words that the asking person did not write are withheld. */
  blind?: { seen: boolean; written: number };
  /** Terms of the glossary that stand among the words. */
  glossary?: Term[];
}
/** One segment that two texts have differently; `null`: nothing is said there. */
export interface Difference {
  segment: string;
  start_ms: number;
  end_ms: number;
  a: string | null;
  b: string | null;
  speaker_a: string | null;
  speaker_b: string | null;
}
/** One revision of a transcript. */
export interface Revision {
  number: number;
  record: string;
  by: string;
  time: string;
  manner: string;
  over: number | null;
  whole: boolean;
  unseen: boolean;
  reason: string | null;
  current: boolean;
}
export interface Peaks {
  duration_ms: number;
  bucket_ms: number;
  channels: number[][];
}

export interface Block {
  text: string;
  page: number | null;
  /** Left, top, width, height in pixels of the original. */
  box: [number, number, number, number] | null;
  confidence: number | null;
  words: { text: string; confidence: number }[];
  side: 'left' | 'right' | null;
}
export interface Quote {
  text: string;
  speaker: string | null;
  verb: string | null;
  start: number;
  end: number;
}
export interface ReadText {
  language: string;
  title: string | null;
  byline: string | null;
  publisher: string | null;
  published: string | null;
  modified: string | null;
  canonical: string | null;
  reviewed: boolean;
  engine: Engine | null;
  pages: [number, number][];
  blocks: Block[];
  quotes: Quote[];
}
export interface PictureFacts {
  width: number;
  height: number;
  tags: [string, string][];
  taken_local: string | null;
  taken_offset: string | null;
  position_micro: [number, number] | null;
}

export interface Attachment {
  path: string | null;
  kind: string;
  media_type: string | null;
  note: string | null;
  duration_s: number | null;
}
export interface Message {
  thread: string;
  message_id: string;
  sender: string | null;
  sender_id: string | null;
  direction: string | null;
  time: { utc: string | null; local: string | null; basis: string; readings: string[] };
  text: string;
  attachments: Attachment[];
  forwarded_from: string | null;
  forwarded_time: string | null;
  reply_to: string | null;
  edited: string | null;
  flags: string[];
}
export interface CallRow {
  row: number;
  a_number: string | null;
  b_number: string | null;
  start_utc: string | null;
  start_local: string | null;
  zone_basis: string;
  duration_s: number | null;
  direction: string | null;
  imei: string | null;
  imsi: string | null;
  cell_start: string | null;
  cell_end: string | null;
  flags: string[];
}

export interface Hit {
  item: string;
  title: string;
  kind: Kind;
  layer: 'said' | 'read' | 'written';
  segment: string;
  page: number | null;
  start_ms: number | null;
  language: string;
  text: string;
  translation: string | null;
  /** The person whose translation it is. */
  translated_by: string | null;
  /** Number of the revision whose words these are. */
  revision: number | null;
  score: number;
  matched: string;
  /** Character ranges in `text`, or in `translation` where `matched` is `translation`. */
  highlights: [number, number][];
}
export interface SearchAnswer {
  hits: Hit[];
  total: number;
  took_ms: number;
  unsearchable: number;
}

export interface AddOutcome {
  status: 'added' | 'duplicate' | 'failed';
  item: string | null;
  kind: Kind | null;
  path: string;
  duplicate_of: string | null;
  error: Problem | null;
}

export interface Verification {
  objects: { checked: number; bad: { object: string; reason: string; items?: string[] }[] };
  ledger: { size: number; root: string; consistent: boolean; faults?: string[] };
  derivatives: { checked: number; differ: { item?: string; derivation?: string; reason?: string }[]; non_reproducible?: number };
}
export interface LedgerPage {
  size: number;
  root: string;
  checkpoint: string | null;
  vkey: string;
  events: CustodyEvent[];
  next: string | number | null;
}

export interface ProgressEvent {
  event: string;
  item: string;
  derivation: string;
  fraction?: number;
}

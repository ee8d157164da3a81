// Who is drawn in which colour and lane. Says nothing about who somebody is.

import type { Segment, Speaker } from '../api/types';

export interface Voice {
  /** What stands in the tile. */
  letter: string;
  /** 1 to 6: the colour. */
  colour: number;
  label: string;
}
export interface WaveLane {
  channel: number;
  voice: Voice | null;
  speakers: Speaker[];
}

const letterOf = (idx: number): string => String.fromCharCode(65 + (idx % 26));

/** Voices by speaker ID, in the order of the transcript. A short ID is its own letter. */
export function voices(speakers: readonly Speaker[]): Map<string, Voice> {
  return new Map(speakers.map((speaker, idx) => [speaker.id, { letter: speaker.id.length <= 2 ? speaker.id : letterOf(idx), colour: (idx % 6) + 1, label: speaker.label }]));
}

/** The voice of a segment: its speaker's, else that of its channel. */
export function voiceOf(segment: Pick<Segment, 'speaker' | 'channel'>, known: ReadonlyMap<string, Voice>): Voice | null {
  const named = segment.speaker === null ? undefined : known.get(segment.speaker);
  if (named) return named;
  if (segment.channel === null) return null;
  return { letter: letterOf(segment.channel), colour: (segment.channel % 6) + 1, label: '' };
}

/** One lane per channel. A lane with one speaker carries that voice. */
export function waveLanes(n: number, speakers: readonly Speaker[]): WaveLane[] {
  const known = voices(speakers);
  // Voices that share the channels are told apart by their sound: no channel is anybody's.
  const shared = speakers.some((speaker) => speaker.channel === null);
  return Array.from({ length: Math.max(1, n) }, (_, channel) => {
    const own = speakers.filter((speaker) => speaker.channel === channel || (n <= 1 && speaker.channel === null));
    const [only] = own;
    const voice = own.length === 1 && only ? (known.get(only.id) ?? null) : n > 1 && !shared ? { letter: letterOf(channel), colour: (channel % 6) + 1, label: '' } : null;
    return { channel, voice, speakers: own };
  });
}

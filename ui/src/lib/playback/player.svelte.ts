// Sound of one recording. One clock drives everything that follows it: words, waveform, transport.
// Nothing here starts by itself: the first sound comes from the play key.

import { cover } from '../cover.svelte';
import { addRange, type Range } from './cursor';

export type Ears = 'both' | 'left' | 'right';
const FADE = 0.15;
export const SPEEDS: readonly number[] = [0.5, 0.6, 0.75, 0.9, 1, 1.25, 1.5, 2];

interface Graph {
  context: AudioContext;
  /** From channel to ear: left-left, left-right, right-left, right-right. Absent for one channel. */
  paths: GainNode[];
  limiter: DynamicsCompressorNode;
  straight: GainNode;
  limited: GainNode;
  out: GainNode;
}

export class Player {
  /** Milliseconds on the media clock. */
  time = $state(0);
  playing = $state(false);
  /** The sound can be played: its length is known. */
  ready = $state(false);
  failed = $state(false);
  duration = $state(0);
  speed = $state(1);
  volume = $state(0.8);
  limited = $state(true);
  ears = $state<Ears>('both');
  /** What sounds is the copy that filters made clearer. */
  clearer = $state(false);
  loop = $state.raw<Range | null>(null);
  /** What has sounded since the page was opened. */
  heard = $state.raw<Range[]>([]);

  readonly #url: string;
  #audio: HTMLAudioElement;
  #channels: number;
  #graph: Graph | null = null;
  #frame = 0;
  #from = 0;
  #forget: () => void;
  /** Goes on where it was, once another copy is there. */
  #resume: (() => void) | null = null;

  constructor(url: string, channels: number, duration: number) {
    this.#url = url;
    this.#channels = channels;
    this.duration = duration;
    const audio = new Audio();
    audio.preload = 'metadata';
    audio.src = url;
    audio.onloadedmetadata = () => {
      this.ready = true;
      if (this.#resume) this.#resume();
      if (this.duration === 0 && Number.isFinite(audio.duration)) this.duration = audio.duration * 1000;
    };
    audio.onerror = () => {
      this.failed = true;
      this.ready = false;
    };
    audio.onplay = () => {
      this.playing = true;
      this.#from = audio.currentTime * 1000;
      this.#tick();
    };
    audio.onpause = () => {
      this.playing = false;
      cancelAnimationFrame(this.#frame);
      this.#hear();
    };
    audio.onseeked = () => {
      this.#from = audio.currentTime * 1000;
    };
    this.#audio = audio;
    this.#forget = cover.silences(() => this.silence());
  }

  /** What has sounded, the run that is sounding now included. Not tracked: ask again when `time` has moved. */
  soFar(): Range[] {
    return this.playing ? addRange(this.heard, this.#from, this.time) : this.heard;
  }

  toggle = (): void => {
    if (this.playing) this.pause();
    else void this.play();
  };

  async play(): Promise<void> {
    if (!this.ready) return;
    const graph = this.#wire();
    await graph?.context.resume();
    if (this.#audio.ended || this.time >= this.duration - 20) this.seek(this.loop?.[0] ?? 0);
    this.#audio.playbackRate = this.speed;
    if (graph) {
      const { gain } = graph.out;
      gain.cancelScheduledValues(0);
      gain.setValueAtTime(0, graph.context.currentTime);
      gain.linearRampToValueAtTime(this.volume, graph.context.currentTime + FADE);
    }
    await this.#audio.play().catch(() => (this.playing = false));
  }

  pause = (): void => this.#audio.pause();

  /** Stops at once, without a fade. */
  silence(): void {
    this.#audio.pause();
    if (this.#graph) {
      this.#graph.out.gain.cancelScheduledValues(0);
      this.#graph.out.gain.value = 0;
    }
  }

  seek = (ms: number): void => {
    this.#hear();
    const to = Math.min(Math.max(0, ms), Math.max(0, this.duration - 1));
    this.time = to;
    this.#from = to;
    this.#audio.currentTime = to / 1000;
  };
  move = (ms: number): void => this.seek(this.time + ms);

  setSpeed(speed: number): void {
    this.speed = speed;
    this.#audio.playbackRate = speed;
  }
  /** One step slower (-1) or faster (1). */
  stepSpeed(by: 1 | -1): void {
    const idx = SPEEDS.indexOf(this.speed);
    this.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, idx + by))] ?? 1);
  }
  setVolume(volume: number): void {
    this.volume = volume;
    if (this.#graph) this.#graph.out.gain.setTargetAtTime(volume, this.#graph.context.currentTime, 0.01);
    else this.#audio.volume = volume;
  }
  setLimited(on: boolean): void {
    this.limited = on;
    this.#route();
  }
  setEars(ears: Ears): void {
    this.ears = ears;
    this.#route();
  }

  /** Plays the copy at `url` that is clearer, or the sound as it is again (`null`), from the same place on. */
  setClearer(url: string | null): void {
    const [at, goesOn] = [this.time, this.playing];
    this.silence();
    this.#hear();
    this.clearer = url !== null;
    this.failed = false;
    this.#resume = () => {
      this.#resume = null;
      this.seek(at);
      if (goesOn) void this.play();
    };
    this.#audio.src = url ?? this.#url;
  }

  /** Asks for the sound again, where there was none before. */
  retry(): void {
    this.failed = false;
    this.#audio.load();
  }

  end(): void {
    cancelAnimationFrame(this.#frame);
    this.#forget();
    this.#audio.onplay = this.#audio.onpause = this.#audio.onerror = this.#audio.onseeked = this.#audio.onloadedmetadata = null;
    this.#audio.pause();
    this.#audio.removeAttribute('src');
    this.#audio.load();
    void this.#graph?.context.close();
  }

  #tick = (): void => {
    const now = this.#audio.currentTime * 1000;
    if (this.loop && now >= this.loop[1]) this.seek(this.loop[0]);
    else this.time = now;
    if (now - this.#from > 1000) this.#hear();
    this.#frame = requestAnimationFrame(this.#tick);
  };

  /** Notes what has sounded since the last note. */
  #hear(): void {
    const now = this.#audio.currentTime * 1000;
    if (now > this.#from && now - this.#from < 5000) this.heard = addRange(this.heard, this.#from, now);
    this.#from = now;
  }

  #wire(): Graph | null {
    if (this.#graph || typeof AudioContext === 'undefined') return this.#graph;
    const context = new AudioContext();
    const source = context.createMediaElementSource(this.#audio);
    const mixed = context.createGain();
    const paths: GainNode[] = [];
    if (this.#channels === 2) {
      const split = context.createChannelSplitter(2);
      const merge = context.createChannelMerger(2);
      source.connect(split);
      for (const [from, to] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
        const path = context.createGain();
        split.connect(path, from);
        path.connect(merge, 0, to);
        paths.push(path);
      }
      merge.connect(mixed);
    } else source.connect(mixed);
    const limiter = context.createDynamicsCompressor();
    limiter.threshold.value = -14;
    limiter.knee.value = 4;
    limiter.ratio.value = 20;
    limiter.attack.value = 0.002;
    limiter.release.value = 0.2;
    const straight = context.createGain();
    const limited = context.createGain();
    const out = context.createGain();
    mixed.connect(straight).connect(out);
    mixed.connect(limiter).connect(limited).connect(out);
    out.connect(context.destination);
    this.#audio.volume = 1;
    this.#graph = { context, paths, limiter, straight, limited, out };
    this.#route(true);
    return this.#graph;
  }

  /** One channel alone is heard in both ears; both keep their sides. */
  #route(now = false): void {
    const graph = this.#graph;
    if (!graph) return;
    const set = (node: GainNode, value: number): void => {
      if (now) node.gain.value = value;
      else node.gain.setTargetAtTime(value, graph.context.currentTime, 0.008);
    };
    const { ears } = this;
    const wanted = [ears !== 'right', ears === 'left', ears === 'right', ears !== 'left'];
    graph.paths.forEach((path, idx) => set(path, wanted[idx] ? 1 : 0));
    set(graph.limited, this.limited ? 1 : 0);
    set(graph.straight, this.limited ? 0 : 1);
  }
}

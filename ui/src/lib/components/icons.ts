// Small own icons: lines of 1.5 on a grid of 16 or 20. A closed shape that is filled says so.

interface Drawing {
  box: 16 | 20;
  d: string;
  filled?: boolean;
}

/** A circle as a path. */
const o = (x: number, y: number, r: number): string => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;

export const icons = {
  home: { box: 20, d: 'M3 9.2 10 3.5l7 5.7v7.3h-4.6v-4.4H7.6v4.4H3z' },
  library: { box: 20, d: 'M3.5 4h13M3.5 8h13M3.5 12h13M3.5 16h8' },
  find: { box: 20, d: `${o(9, 9, 5.2)}m9.200 3.900 4 4` },
  seal: { box: 20, d: `${o(10, 10, 6.5)}m4 .1 1.900 1.900 3.600-3.800` },
  book: { box: 20, d: 'M10 5.500C8.500 4.300 6.300 4 3.500 4v11.500c2.800 0 5 .3 6.500 1.500 1.500-1.200 3.700-1.500 6.500-1.500V4c-2.800 0-5 .3-6.500 1.500zM10 5.500V17' },
  settings: { box: 20, d: `M3 6h6m4 0h4M3 14h2m4 0h8${o(11, 6, 2)}${o(7, 14, 2)}` },
  down: { box: 16, d: 'm4.500 6.500 3.500 3.500 3.500-3.500' },
  up: { box: 16, d: 'm4.500 9.500 3.500-3.500 3.500 3.500' },
  right: { box: 16, d: 'm6.500 4.500 3.500 3.500-3.500 3.500' },
  left: { box: 16, d: 'm9.500 4.500-3.500 3.500 3.500 3.500' },
  eyeoff: { box: 16, d: 'M2 8s2.200-4 6-4 6 4 6 4-2.200 4-6 4-6-4-6-4zM3 13 13 3' },
  eye: { box: 16, d: `M2 8s2.200-4 6-4 6 4 6 4-2.200 4-6 4-6-4-6-4z${o(8, 8, 1.7)}` },
  play: { box: 16, d: 'M5 3.200v9.600L12.500 8z', filled: true },
  pause: { box: 16, d: 'M4.800 3.500h1.700v9H4.800zM9.500 3.500h1.700v9H9.500z', filled: true },
  back: { box: 16, d: 'M8.500 4l-4 4 4 4M12.500 4l-4 4 4 4' },
  forward: { box: 16, d: 'm7.500 4 4 4-4 4M3.500 4l4 4-4 4' },
  loop: { box: 16, d: 'M3 9V7.500A2.500 2.500 0 0 1 5.500 5H13m0 0-2-2m2 2-2 2M13 7v1.500a2.500 2.500 0 0 1-2.500 2.500H3m0 0 2 2m-2-2 2-2' },
  volume: { box: 16, d: 'M3 6.200h2.200L8.500 3.500v9L5.200 9.800H3zM11 5.800a3 3 0 0 1 0 4.400' },
  warn: { box: 16, d: 'M8 2.800 14 13H2zM8 6.700v3M8 11.300v.1' },
  disagree: { box: 16, d: 'M3 5.500h7M3 10.500h10M12 3.500v4' },
  negation: { box: 16, d: `${o(8, 8, 5.2)}m2.200 0h6` },
  nospeech: { box: 16, d: 'M2 8h2l1.500-2 1.500 4 1-2h1M11 8h1M13.500 8h.5' },
  swap: { box: 16, d: 'M3 6h9l-2.500-2.500M13 10H4l2.500 2.500' },
  repeat: { box: 16, d: 'M3 4.500h8M3 8h8M3 11.500h8M13.500 4.500v7' },
  unsure: { box: 16, d: 'M2 8c1-2.500 2-2.500 3 0s2 2.500 3 0 2-2.500 3 0 2 2.500 3 0' },
  overlap: { box: 16, d: `${o(6, 8, 3.7)}${o(10, 8, 3.7)}` },
  chat: { box: 16, d: 'M2.500 3.500h11v7H7l-3 2.500v-2.500H2.500z' },
  screen: { box: 16, d: 'M4.500 2.500h7v11h-7zM7 11.500h2' },
  picture: { box: 16, d: `M2.500 3h11v10h-11zM3 11.500l3.200-3.300 2.300 2.200L10.800 8l2.700 2.700${o(6, 5.8, 0.8)}` },
  article: { box: 16, d: 'M3.500 2.500h9v11h-9zM5.500 5.500h5M5.500 8h5M5.500 10.500h3' },
  archive: { box: 16, d: `${o(8, 8, 5.5)}M2.500 8h11M8 2.500c-3.300 3.500-3.300 7.500 0 11M8 2.500c3.300 3.500 3.300 7.500 0 11` },
  document: { box: 16, d: 'M4 2.500h5.500l2.500 2.500v8.500H4zM9.500 2.500V5H12' },
  table: { box: 16, d: 'M2.500 3.500h11v9h-11zM2.500 6.500h11M6.200 6.500v6' },
  video: { box: 16, d: 'M2.500 4h8v8h-8zM10.500 7l3-1.800v5.600l-3-1.800' },
  phone: { box: 16, d: 'M5 2.800 6.600 6 5.200 7.300a8 8 0 0 0 3.500 3.500L10 9.400l3.200 1.600c0 1.300-.9 2.200-2.200 2.200A8.200 8.200 0 0 1 2.800 5c0-1.300.9-2.200 2.200-2.200z' },
  box: { box: 16, d: 'M3 5.500 8 3l5 2.500v5L8 13l-5-2.500zM3 5.500 8 8l5-2.500M8 8v5' },
  lock: { box: 16, d: 'M4 7.200h8v6H4zM5.700 7V5.200a2.300 2.300 0 0 1 4.600 0V7' },
  locknow: { box: 16, d: 'M4 7.200h8v6H4zM5.700 7V5.200a2.300 2.300 0 0 1 4.600 0V7M8 9.300v1.800' },
  unlocked: { box: 16, d: 'M4 7.200h8v6H4zM5.700 7V5.200a2.300 2.300 0 0 1 4.200-1.300' },
  tick: { box: 16, d: 'm3.500 8.500 3 3 6-6.500' },
  cross: { box: 16, d: 'm4.500 4.500 7 7M11.500 4.500l-7 7' },
  clock: { box: 16, d: `${o(8, 8, 5.5)}M8 5v3.200l2 1.300` },
  plus: { box: 16, d: 'M8 3.500v9M3.500 8h9' },
  minus: { box: 16, d: 'M3.500 8h9' },
  copy: { box: 16, d: 'M5.500 5.500h7v7h-7zM10.500 3.500h-7v7' },
  folder: { box: 16, d: 'M2.500 4h4l1.500 1.500h5.500v7h-11z' },
  file: { box: 16, d: 'M4 2.500h5.500l2.500 2.500v8.500H4zM9.500 2.500V5H12' },
  theme: { box: 16, d: `${o(8, 8, 5.5)}M8 2.500v11M8 5h3.500M8 8h5.500M8 11h3.500` },
  filter: { box: 16, d: 'M2.500 4h11M4.500 8h7M6.500 12h3' },
  panel: { box: 16, d: 'M2.500 3.500h11v9h-11zM9.500 3.500v9' },
  reply: { box: 16, d: 'M6.500 4 3 7.500 6.500 11M3 7.500h6a4 4 0 0 1 4 4' },
  share: { box: 16, d: 'M9.500 4 13 7.500 9.500 11M13 7.500H7a4 4 0 0 0-4 4' },
  clip: { box: 16, d: 'm12.500 7.500-4.800 4.800a2.700 2.700 0 0 1-3.800-3.800l5-5a1.800 1.800 0 0 1 2.600 2.600l-4.800 4.800a.9.9 0 0 1-1.300-1.300l4.300-4.300' },
  quote: { box: 16, d: 'M3 8.500c0-2.500 1-4 3-4.500M3 8.500h3v3.500H3zM9 8.500c0-2.500 1-4 3-4.500M9 8.500h3v3.500H9z' },
} as const satisfies Record<string, Drawing>;

export type IconName = keyof typeof icons;

export function iconOfKind(kind: string): IconName {
  switch (kind) {
    case 'recording': return 'phone';
    case 'video': return 'video';
    case 'screenshot': return 'screen';
    case 'photo': return 'picture';
    case 'chat-export': return 'chat';
    case 'call-records': return 'table';
    case 'article': return 'article';
    case 'web-archive': return 'archive';
    case 'document': return 'document';
    default: return 'box';
  }
}

export function iconOfFlag(flag: string): IconName {
  switch (flag) {
    case 'no-speech': return 'nospeech';
    case 'repetition': return 'repeat';
    case 'disagreement': return 'disagree';
    case 'negation': return 'negation';
    case 'language-switch': return 'swap';
    case 'low-confidence': return 'unsure';
    case 'overlap': return 'overlap';
    default: return 'warn';
  }
}

// From a key press to the name of a key, the same on every keyboard layout.

export interface Press {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const BY_CODE: Record<string, [string, string]> = {
  Slash: ['/', '?'],
  Comma: [',', '<'],
  Period: ['.', '>'],
  Minus: ['-', '_'],
  Equal: ['=', '+'],
  BracketLeft: ['[', '{'],
  BracketRight: [']', '}'],
};

/** `L`, `Shift+N`, `?`, `Mod+K`, `ArrowLeft`, `F8`. A letter of another script counts as the key it sits on, so that shortcuts work in a Cyrillic layout. */
export function nameOf(e: Press): string {
  const mods = (e.ctrlKey || e.metaKey ? 'Mod+' : '') + (e.altKey ? 'Alt+' : '');
  if (e.key.length > 1) return mods + (e.shiftKey ? 'Shift+' : '') + e.key;
  if (e.key === ' ') return `${mods}${e.shiftKey ? 'Shift+' : ''}Space`;
  let sign = e.key;
  if (sign > '~') {
    const letter = /^Key([A-Z])$/.exec(e.code)?.[1];
    const digit = /^Digit(\d)$/.exec(e.code)?.[1];
    sign = letter ?? digit ?? BY_CODE[e.code]?.[e.shiftKey ? 1 : 0] ?? sign;
  }
  if (/^[a-z]$/i.test(sign)) return `${mods}${e.shiftKey ? 'Shift+' : ''}${sign.toUpperCase()}`;
  return mods + sign;
}

/** Keys that a single finger types by accident: letters, digits, signs. They can be switched off. */
export function isSign(name: string): boolean {
  return name.replace(/^Shift\+/, '').length === 1;
}

/** Whether a command may have `name` while `target` has the focus: text fields keep what they need, buttons keep Space and Enter. */
export function free(name: string, target: { tag: string; type: string; role: string; editable: boolean }): boolean {
  if (/^(Shift\+)?F\d+$/.test(name) || name === 'Mod+K') return true;
  const { tag, type, role, editable } = target;
  if (editable || tag === 'TEXTAREA' || tag === 'SELECT') return false;
  if (tag === 'INPUT' && !['checkbox', 'button', 'submit', 'file'].includes(type)) return false;
  const bare = name.replace(/^Shift\+/, '');
  if (bare === 'Space' || bare === 'Enter') return !['BUTTON', 'A', 'SUMMARY', 'INPUT'].includes(tag) && role !== 'button';
  if (bare.startsWith('Arrow')) return !['slider', 'tab', 'menuitem', 'option', 'radio'].includes(role);
  return true;
}

const SHOWN: Record<string, string> = { ArrowLeft: 'Left', ArrowRight: 'Right', ArrowUp: 'Up', ArrowDown: 'Down' };

/** What stands on the keycaps: one for keys pressed together (`Ctrl K`), one after another for a chord. `word` gives the name of a key in the language of the interface. */
export function shown(name: string, word: (name: string) => string): string[] {
  return name.split(' ').map((press) => press.split(/\+(?=.)/).map((part) => (part === 'Mod' ? 'Ctrl' : plain(SHOWN[part] ?? part, word))).join(' '));
}

/** Letters and F-keys carry their own name. */
function plain(part: string, word: (name: string) => string): string {
  return part.length === 1 || /^F\d+$/.test(part) ? part : word(part);
}

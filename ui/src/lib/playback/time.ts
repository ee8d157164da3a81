// Times on the media clock, as text. All in milliseconds.

function two(n: number): string {
  return String(n).padStart(2, '0');
}

/** `01:23.0`; hours only where there are some: `1:02:03.4`. Cut, not rounded, so that no text is ahead of the sound. `decimals`: 0 to 3. */
export function clock(ms: number, decimals = 1): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(ms) ? ms : 0));
  const h = Math.floor(whole / 3_600_000);
  const m = Math.floor(whole / 60_000) % 60;
  const s = Math.floor(whole / 1000) % 60;
  const fraction = decimals > 0 ? `.${String(whole % 1000).padStart(3, '0').slice(0, decimals)}` : '';
  return `${h > 0 ? `${h}:` : ''}${two(m)}:${two(s)}${fraction}`;
}

/** The machine form of a length, for `<time datetime>`: `PT83.2S`. */
export function isoLength(ms: number): string {
  return `PT${Math.max(0, ms) / 1000}S`;
}

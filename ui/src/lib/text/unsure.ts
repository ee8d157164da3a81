/** Below this the engine's own sureness is shown as a wavy line; never as a number, which people take for a probability of truth. */
const SURE = 0.5;

export function isUnsure(confidence: number | null | undefined): boolean {
  return typeof confidence === 'number' && confidence < SURE;
}

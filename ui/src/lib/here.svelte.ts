// What the open page tells the foot bar about itself.

class Here {
  /** Segments of the open item that no person has reviewed; null where the page has none. */
  unreviewed = $state<number | null>(null);
}
export const here = new Here();

// Hide all: blanks the page and stops sound at once, before anything is rendered.

type Stop = () => void;
const sounds = new Set<Stop>();

class Cover {
  on = $state(false);

  /** Something that makes sound says how to stop it. Gives the way to forget it. */
  silences(stop: Stop): () => void {
    sounds.add(stop);
    return () => sounds.delete(stop);
  }

  toggle = (): void => {
    this.on = !this.on;
    document.documentElement.toggleAttribute('data-covered', this.on);
    if (this.on) {
      this.hush();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    }
  };

  /** Stops sound, and closes what floats: it stands above every cover. */
  hush(): void {
    for (const stop of sounds) stop();
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  }
}
export const cover = new Cover();

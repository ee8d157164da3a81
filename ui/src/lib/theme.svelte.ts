// Light, dark, contrast, or as the system has it. Canvases ask `epoch` to know when their colours are old.

export type Theme = 'system' | 'light' | 'dark' | 'contrast';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark', 'contrast'];

class Appearance {
  choice = $state<Theme>('system');
  epoch = $state(0);

  start(): void {
    const set = document.documentElement.dataset['theme'];
    if (set === 'light' || set === 'dark' || set === 'contrast') this.choice = set;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.epoch++);
  }

  choose(theme: Theme): void {
    this.choice = theme;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    this.epoch++;
    try {
      localStorage.setItem('zapys.theme', theme);
    } catch {
      // The choice then lasts as long as the page.
    }
  }

  next(): void {
    const shown = this.choice === 'system' ? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light') : this.choice;
    this.choose(shown === 'light' ? 'dark' : shown === 'dark' ? 'contrast' : 'light');
  }
}
export const appearance = new Appearance();

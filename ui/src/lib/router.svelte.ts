// Which page. Addresses hold ids only; what people type never enters them.

export type Route =
  | { page: 'case' }
  | { page: 'items' }
  | { page: 'item'; id: string; at: string | null }
  | { page: 'item-custody'; id: string }
  | { page: 'intake' }
  | { page: 'search' }
  | { page: 'custody' }
  | { page: 'glossary' }
  | { page: 'settings' }
  | { page: 'unknown' };

/** Reads a path. An id is what the server gave: letters, digits, `-`, `_`, `:`. */
export function parse(path: string, query: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, id, third] = parts;
  if (parts.length === 0) return { page: 'case' };
  if (first === 'items' && id === undefined) return { page: 'items' };
  if (first === 'items' && id !== undefined && /^[\w:-]{1,80}$/.test(id)) {
    if (third === undefined) return { page: 'item', id, at: new URLSearchParams(query).get('at') };
    if (third === 'custody' && parts.length === 3) return { page: 'item-custody', id };
  }
  if (parts.length === 1 && (first === 'intake' || first === 'search' || first === 'custody' || first === 'glossary' || first === 'settings')) return { page: first };
  return { page: 'unknown' };
}

export function itemPath(id: string, at?: string | null): string {
  return `/items/${encodeURIComponent(id)}${at ? `?at=${encodeURIComponent(at)}` : ''}`;
}

class Router {
  route = $state.raw<Route>({ page: 'case' });
  /** Grows with every navigation, so that the same place asked for twice is shown twice. */
  visit = $state(0);

  start(): void {
    this.#read();
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (e) => this.#click(e));
  }

  go(path: string): void {
    if (path !== location.pathname + location.search) history.pushState(null, '', path);
    this.#read();
  }

  #read(): void {
    this.route = parse(location.pathname, location.search);
    this.visit++;
  }

  /** Plain clicks on own links stay in the page; new tabs and downloads are the browser's. */
  #click(e: MouseEvent): void {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const link = (e.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.origin !== location.origin || link.hasAttribute('download')) return;
    if (link.pathname.startsWith('/api/') || (link.hash && link.pathname === location.pathname)) return;
    e.preventDefault();
    this.go(link.pathname + link.search);
  }
}
export const router = new Router();

// What scrolls can be reached by keys, and only while it scrolls.

/** Attached to a box that may overflow: it is a stop of the Tab key as long as some of its content lies outside it. */
export function reachable(box: HTMLElement): () => void {
  const look = (): void => {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  };
  const sizes = new ResizeObserver(look);
  const watch = (): void => {
    sizes.disconnect();
    sizes.observe(box);
    for (const child of box.children) sizes.observe(child);
  };
  const parts = new MutationObserver(watch);
  parts.observe(box, { childList: true });
  watch();
  return () => {
    parts.disconnect();
    sizes.disconnect();
  };
}

// The rules of WCAG 2.2 AA, asked of a page as it stands.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { WIDE } from './browser.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What a page is made to look like, one after the other. The theme follows the system. */
const LOOKS = [
  ['light', async () => {}],
  ['dark', (page) => page.emulateMedia({ colorScheme: 'dark' })],
  ['tablet', (page) => page.setViewportSize({ width: 1024, height: 768 })],
  // So low that whatever may scroll does.
  ['low', (page) => page.setViewportSize({ width: 1024, height: 420 })],
  [
    'contrast',
    async (page) => {
      await page.setViewportSize(WIDE);
      await page.evaluate(() => (document.documentElement.dataset.theme = 'contrast'));
    },
  ],
];

/** Puts the rules into a page. */
export async function bring(page) {
  await page.evaluate(await readFile(axe, 'utf8'));
}

/** The rules that the page breaks, and where. */
export function broken(page) {
  return page.evaluate(async (tags) => {
    const { violations, passes } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    if (passes.length === 0) throw new Error('nothing was looked at');
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map((node) => `${node.target.join(' ')} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''})`).join('; ')}`);
  }, TAGS);
}

/** The rules that the page breaks in any look, by name of the look. The page is light and wide again afterwards. */
export async function faultsOf(page) {
  await bring(page);
  const faults = [];
  for (const [name, change] of LOOKS) {
    await change(page);
    // Two frames: what watches its own size has seen the new one.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    for (const fault of await broken(page)) faults.push(`${name}: ${fault}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.evaluate(() => delete document.documentElement.dataset.theme);
  return faults;
}

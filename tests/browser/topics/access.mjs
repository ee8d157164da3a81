import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { WIDE } from '../lib/browser.mjs';
import { places } from '../lib/places.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What a page is made to look like, one after the other. The theme follows the system. */
const LOOKS = [
  ['light', async () => {}],
  ['dark', (page) => page.emulateMedia({ colorScheme: 'dark' })],
  ['tablet', (page) => page.setViewportSize({ width: 1024, height: 768 })],
  [
    'contrast',
    async (page) => {
      await page.setViewportSize(WIDE);
      await page.evaluate(() => (document.documentElement.dataset.theme = 'contrast'));
    },
  ],
];

/** The rules of WCAG 2.2 AA that the page breaks, and where. */
async function broken(page) {
  return page.evaluate(async (tags) => {
    const { violations, passes } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    if (passes.length === 0) throw new Error('nothing was looked at');
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map((node) => `${node.target.join(' ')} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''})`).join('; ')}`);
  }, TAGS);
}

export default function access(bench) {
  describe('WCAG 2.2 AA', () => {
    test('no page breaks a rule: light, dark, contrast, tablet', async () => {
      const source = await readFile(axe, 'utf8');
      const faults = [];
      for (const place of places(bench)) {
        await bench.with(place.path, async (page) => {
          await place.there(page);
          await page.evaluate(source);
          for (const [name, change] of LOOKS) {
            await change(page);
            for (const fault of await broken(page)) faults.push(`${place.name}, ${name}: ${fault}`);
          }
        });
      }
      assert.deepEqual(faults, []);
    });

    test('the check itself sees a fault', async () => {
      await bench.with('/settings', async (page) => {
        await page.locator('dl').waitFor();
        await page.evaluate(await readFile(axe, 'utf8'));
        await page.locator('#page h1').evaluate((it) => (it.style.color = '#ddd'));
        const faults = await broken(page);
        assert.ok(faults.some((fault) => fault.startsWith('color-contrast')), faults.join('; '));
      });
    });
  });
}

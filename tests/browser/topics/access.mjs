import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { places } from '../lib/places.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The rules of WCAG 2.2 AA that the page breaks, and where. */
async function broken(page, source) {
  await page.evaluate(source);
  return page.evaluate(async (tags) => {
    const { violations, passes } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    if (passes.length === 0) throw new Error('nothing was looked at');
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map((node) => `${node.target.join(' ')} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''})`).join('; ')}`);
  }, TAGS);
}

export default function access(bench) {
  describe('WCAG 2.2 AA', () => {
    for (const [theme, options] of [['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }], ['tablet', { viewport: { width: 1024, height: 768 } }]]) {
      test(`no page breaks a rule, ${theme}`, async () => {
        const source = await readFile(axe, 'utf8');
        const faults = [];
        for (const place of places(bench)) {
          await bench.with(place.path, async (page) => {
            await place.there(page);
            for (const fault of await broken(page, source)) faults.push(`${place.name}: ${fault}`);
          }, options);
        }
        assert.deepEqual(faults, []);
      });
    }
  });
}

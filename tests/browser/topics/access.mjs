import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bring, broken, faultsOf } from '../lib/axe.mjs';
import { places } from '../lib/places.mjs';

export default function access(bench) {
  describe('WCAG 2.2 AA', () => {
    test('no page breaks a rule: light, dark, contrast, tablet, low', async () => {
      const faults = [];
      for (const place of places(bench)) {
        await bench.with(place.path, async (page) => {
          await place.there(page);
          for (const fault of await faultsOf(page)) faults.push(`${place.name}, ${fault}`);
        });
      }
      assert.deepEqual(faults, []);
    });

    test('the check itself sees a fault', async () => {
      await bench.with('/settings', async (page) => {
        await page.locator('dl').waitFor();
        await bring(page);
        await page.locator('#page h1').evaluate((it) => (it.style.color = '#ddd'));
        const faults = await broken(page);
        assert.ok(faults.some((fault) => fault.startsWith('color-contrast')), faults.join('; '));
      });
    });
  });
}

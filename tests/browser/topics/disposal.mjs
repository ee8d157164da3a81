import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { faultsOf } from '../lib/axe.mjs';

export default function disposal(bench) {
  describe('disposal', () => {
    beforeEach(() => bench.unlock());

    let item = '';

    test('shows what it would do, asks for grounds and a word, and then says what happened', async () => {
      item = bench.item('origin.html').item;
      const plan = await bench.get(`/items/${item}/dispose`);
      await bench.with(`/items/${item}`, async (page) => {
        await page.locator('#b0').waitFor();
        const said = (await page.locator('#b0').innerText()).trim().slice(0, 40);
        await page.getByRole('button', { name: 'Dispose of this item' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText(`the keys of ${plan.objects} objects`).waitFor();
        await dialog.getByText('every entry about it').waitFor();
        assert.deepEqual(await faultsOf(page), []);

        const destroy = dialog.getByRole('button', { name: 'Destroy it' });
        await dialog.getByLabel('Reason').fill('Consent withdrawn');
        await dialog.getByLabel('This cannot be undone').fill('destroy');
        assert.ok(await destroy.isDisabled(), 'not without an authority');
        await dialog.getByLabel('On whose authority').fill('Request of the author');
        await dialog.getByLabel('This cannot be undone').fill('destro');
        assert.ok(await destroy.isDisabled(), 'not with another word');
        await dialog.getByLabel('This cannot be undone').fill('Destroy');
        await destroy.click();

        await page.getByRole('heading', { level: 1, name: 'This item was disposed of' }).waitFor();
        await page.getByText(/by owner of the case\. Ledger entry \d+ records it\./).waitFor();
        await page.getByRole('table').getByText('disposed of').waitFor();
        const all = await page.content();
        assert.ok(!all.includes('origin.html') && !all.includes(said), 'nothing of it is on the page any more');
        assert.deepEqual(await faultsOf(page), []);
      });
    });

    test('it is shown as such ever after, and as no error', async () => {
      for (const path of [`/items/${item}`, `/items/${item}/custody`]) {
        await bench.with(path, async (page) => {
          await page.getByRole('table').getByText('disposed of').waitFor();
          assert.equal(await page.getByRole('alert').count(), 0);
        });
      }
      await bench.with('/items', async (page) => {
        await page.getByRole('link', { name: 'Disposed of' }).click();
        await page.getByRole('heading', { level: 1, name: 'This item was disposed of' }).waitFor();
      });
      const answer = await bench.api.get(`${bench.base}/api/v1/items/${item}/text`);
      assert.equal(answer.status(), 410);
      assert.equal((await answer.json()).code, 'disposed');
    });
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

export default function custody(bench) {
  describe('custody', () => {
    test('shows size, root, the key, and every act', async () => {
      const [view, ledger] = [await bench.get('/case'), await bench.get('/custody?limit=5')];
      await bench.with('/custody', async (page) => {
        await page.getByText(view.ledger_vkey, { exact: true }).waitFor();
        assert.equal(view.ledger_vkey, ledger.vkey);
        await page.getByText(ledger.root, { exact: true }).waitFor();
        assert.equal(await page.locator('.size .fig').innerText(), String(ledger.size));
        await page.getByText('Not yet stamped by anybody outside.').waitFor();
        const table = page.getByRole('table', { name: /Events/ });
        assert.equal((await table.locator('tbody tr').first().innerText()).split(/\s/)[0], String(ledger.events[0].seq), 'newest first');
      });
    });

    test('verify now answers in words: what it shows, and what it does not', async () => {
      await bench.with('/custody', async (page) => {
        await page.getByText('Not verified since this page was opened.').waitFor();
        await page.keyboard.press('v');
        const result = page.locator('.result');
        await result.waitFor();
        const text = await result.innerText();
        assert.equal(await result.getAttribute('role'), 'status');
        assert.match(text, /no fault found/);
        assert.match(text, /\d+ objects were read again; their bytes give the same SHA-256 as at intake/);
        assert.match(text, /The ledger of \d+ entries is whole/);
        assert.match(text, /This does not show[\s\S]*that what the evidence says is true/);
        assert.match(text, /no checkpoint is stamped yet/);
      });
      const { events } = await bench.get('/custody?limit=5');
      assert.ok(events.some((event) => /verif/.test(event.action)), 'and is an act of its own');
    });

    test('an item says how it stands, and has its own events', async () => {
      const { item } = bench.item('call-01.wav');
      const { events } = await bench.get(`/items/${item}/custody`);
      await bench.with(`/items/${item}`, async (page) => {
        await page.getByText(/Bytes unchanged since intake|Bytes not checked since intake/).first().waitFor();
        await page.getByRole('link', { name: 'All events' }).first().click();
        await page.waitForURL(`**/items/${item}/custody`);
        await page.getByRole('table').waitFor();
        assert.equal(await page.getByRole('table').locator('tbody tr').count(), events.length);
      });
    });
  });
}

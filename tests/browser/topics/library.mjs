import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

const links = (page) => page.locator('[data-row]');
const titles = (page) => links(page).allInnerTexts();
const counted = (page, n) => page.waitForFunction((n) => document.querySelectorAll('[data-row]').length === n, n);

export default function library(bench) {
  describe('library', () => {
    test('the table lists every item', async () => {
      await bench.with('/items', async (page) => {
        await counted(page, bench.items.size);
        assert.deepEqual((await titles(page)).toSorted(), [...bench.items.keys()].toSorted());
        assert.equal(await page.getByRole('table').getAttribute('aria-rowcount'), String(bench.items.size + 1));
        await page.getByText(`${bench.items.size} items`, { exact: true }).waitFor();
      });
    });

    test('a kind narrows it, two kinds add up, and clearing brings all back', async () => {
      const nOf = (kind) => [...bench.items.values()].filter((item) => item.kind === kind).length;
      await bench.with('/items', async (page) => {
        await counted(page, bench.items.size);
        const recordings = page.getByRole('checkbox', { name: /^Recordings?\b/ });
        await recordings.focus();
        await page.keyboard.press('Space');
        await counted(page, nOf('recording'));
        for (const title of await titles(page)) assert.equal(bench.item(title).kind, 'recording');
        await page.getByRole('checkbox', { name: /^Screenshots?\b/ }).check();
        await counted(page, nOf('recording') + nOf('screenshot'));
        assert.equal(new URL(page.url()).search, '', 'filters stay out of the address');
        await recordings.uncheck();
        await counted(page, nOf('screenshot'));
        await page.getByRole('button', { name: /^Take away filter/ }).first().click();
        await counted(page, bench.items.size);
      });
    });

    test('the keyboard moves between rows, opens one, and comes back', async () => {
      await bench.with('/items', async (page) => {
        await counted(page, bench.items.size);
        const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-row'));
        await page.keyboard.press('ArrowDown');
        assert.equal(await focused(), '0');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        assert.equal(await focused(), '2');
        await page.keyboard.press('ArrowUp');
        assert.equal(await focused(), '1');
        const title = await page.evaluate(() => document.activeElement.innerText);
        await page.keyboard.press('Enter');
        await page.waitForURL(`${bench.base}/items/${bench.item(title).item}`);
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
        await page.goBack();
        await counted(page, bench.items.size);
      });
    });

    test('columns and the order field sort', async () => {
      await bench.with('/items', async (page) => {
        await counted(page, bench.items.size);
        const settled = (wanted) => page.waitForFunction((wanted) => JSON.stringify([...document.querySelectorAll('[data-row]')].map((row) => row.innerText)) === JSON.stringify(wanted), wanted);
        const byName = (await bench.get('/items?limit=200&sort=title')).items.map((item) => item.title);
        await page.getByRole('button', { name: 'Sort by Name' }).click();
        await settled(byName);
        assert.equal(await page.getByRole('columnheader', { name: 'Sort by Name' }).getAttribute('aria-sort'), 'ascending');
        const lower = byName.map((title) => title.toLowerCase());
        assert.deepEqual(lower, lower.toSorted(), 'the server sorts by name');

        await page.getByLabel('Order').selectOption('longest');
        const longest = [...bench.items.values()].toSorted((a, b) => (b.duration_ms ?? -1) - (a.duration_ms ?? -1))[0];
        await page.waitForFunction((title) => document.querySelector('[data-row="0"]')?.innerText === title, longest.title);
      });
    });

    test('the case page counts and leads on', async () => {
      const view = await bench.get('/case');
      await bench.with('/', async (page) => {
        const head = page.locator('.casehead');
        await head.waitFor();
        const text = await head.innerText();
        assert.match(text, new RegExp(`\\b${view.unreviewed_segments}\\b`), 'unreviewed segments');
        assert.match(text, new RegExp(`\\b${view.ledger.size}\\b`), 'entries not yet stamped');
        await page.keyboard.press('g');
        await page.keyboard.press('l');
        await page.waitForURL(`${bench.base}/items`);
      });
    });
  });
}

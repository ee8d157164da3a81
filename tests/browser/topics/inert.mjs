import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HOSTILE } from '../lib/case.mjs';

// `bench.with` fails where `window.ran` was set; `watch.settle` where a request left the machine.
export default function inert(bench) {
  describe('evidence is inert', () => {
    test('a page full of scripts is letters only', async () => {
      const item = bench.item(HOSTILE.html);
      await bench.with(`/items/${item.item}`, async (page) => {
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.getByText(/every crate was counted twice/).first().waitFor();
        // What the page wrote as text is seen as text.
        await page.getByText('<img src=x onerror="window.ran=7">').first().waitFor();
        const found = await page.locator('#page').evaluate((main) => ({
          scripts: main.querySelectorAll('script, iframe, object, embed, form, link, meta, style').length,
          handlers: [...main.querySelectorAll('*')].filter((it) => [...it.attributes].some(({ name }) => name.startsWith('on'))).length,
          scriptLinks: [...main.querySelectorAll('a')].filter((it) => /^\s*(javascript|data|vbscript):/i.test(it.getAttribute('href') ?? '')).length,
          pictures: [...main.querySelectorAll('img')].filter((it) => new URL(it.src).pathname === '/x').length,
        }));
        assert.deepEqual(found, { scripts: 0, handlers: 0, scriptLinks: 0, pictures: 0 });
        assert.equal(new URL(page.url()).pathname, `/items/${item.item}`, 'and it leads nowhere');
      });
    });

    test('a note full of tags is letters only', async () => {
      const item = bench.item(HOSTILE.text);
      await bench.with(`/items/${item.item}`, async (page) => {
        for (const letters of HOSTILE.letters) await page.getByText(letters).first().waitFor();
        assert.equal(await page.locator('#page b', { hasText: 'not bold' }).count(), 0);
      });
    });

    test('a file name full of tags is letters only, in list, head, search and custody', async () => {
      const item = bench.item(HOSTILE.named);
      await bench.with('/items', async (page) => {
        await page.getByRole('link', { name: HOSTILE.named }).click();
        await page.getByRole('heading', { level: 1, name: HOSTILE.named }).waitFor();
      });
      await bench.with(`/items/${item.item}/custody`, async (page) => {
        await page.getByRole('table').waitFor();
      });
      await bench.with('/search', async (page) => {
        await page.getByRole('main').getByRole('searchbox').fill('onerror');
        await page.keyboard.press('Enter');
        await page.locator('[data-hit]').first().waitFor();
      });
    });

    test('the server never gives evidence as a page', async () => {
      for (const title of [HOSTILE.html, HOSTILE.text]) {
        const { item } = bench.item(title);
        for (const part of ['text', 'media', 'image', 'custody']) {
          const answer = await bench.api.get(`${bench.base}/api/v1/items/${item}/${part}`);
          assert.doesNotMatch(answer.headers()['content-type'] ?? '', /html|svg|xml/, `${part} of ${title}`);
          assert.equal(answer.headers()['x-content-type-options'], 'nosniff');
        }
      }
    });
  });
}

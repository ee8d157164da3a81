import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

/** Presses `/`, types, and sends. */
async function ask(page, query) {
  // Before the bar is there, there is nothing that the key leads to.
  await page.locator('.top input').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type(query);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/search');
}

export default function search(bench) {
  describe('search', () => {
    for (const [language, query, stem] of [['Russian', 'конференциями', 'конференци'], ['Ukrainian', 'будівлями', 'будівл']]) {
      test(`an inflected ${language} form finds the others and leads to the place`, async () => {
        const answer = await bench.post('/search', { query, limit: 50 });
        assert.ok(answer.total > 0);
        await bench.with('/', async (page) => {
          await page.locator('.casehead').waitFor();
          await ask(page, query);
          const hits = page.locator('[data-hit]');
          await hits.first().waitFor();
          assert.equal(await hits.count(), answer.hits.length);
          const marks = await page.locator('#page mark').allInnerTexts();
          assert.ok(marks.some((mark) => mark.toLowerCase().startsWith(stem) && mark.toLowerCase() !== query), `another form of ${query} is lit: ${marks.join(', ')}`);

          const idx = answer.hits.findIndex((hit) => hit.segment !== 'title');
          for (let presses = 0; presses <= idx; presses++) await page.keyboard.press('ArrowDown');
          await page.keyboard.press('Enter');
          const { item, segment, kind } = answer.hits[idx];
          await page.waitForURL((url) => url.pathname === `/items/${item}` && url.searchParams.get('at') === segment);
          if (kind === 'recording') {
            const { segments } = await bench.get(`/items/${item}/transcript`);
            const place = segments.findIndex((it) => it.id === segment);
            await page.locator(`[data-seg="${place}"][aria-current="true"]`).waitFor();
            assert.ok(segments[place].text.toLowerCase().includes(stem));
          } else if (kind === 'article') await page.locator(`#${segment}.asked`).waitFor();
          else if (kind === 'screenshot') await page.locator(`.blocks li[data-block="${segment.slice(1)}"].on`).waitFor();
          else if (kind === 'chat-export') await page.locator('[data-message].lit').waitFor();
          else assert.fail(`nothing is known of places in ${kind}`);

          await page.goBack();
          await hits.first().waitFor();
          assert.equal(await page.getByRole('main').getByRole('searchbox').inputValue(), query, 'the words are kept in memory');
        });
        const stray = bench.watch.requests.filter((url) => decodeURIComponent(url).includes(query));
        assert.deepEqual(stray, [], 'no address holds what was typed');
      });
    }

    test('a click leads to the place too', async () => {
      await bench.with('/search', async (page) => {
        await ask(page, 'опись');
        await page.locator('[data-hit]').first().waitFor();
        const read = page.getByRole('group', { name: 'Layer' }).getByRole('button', { name: /^Read/i });
        await read.click();
        // The answer to the narrower question takes the place of the first one.
        await page.waitForFunction(() => {
          const hits = [...document.querySelectorAll('[data-hit]')];
          return hits.length > 0 && hits.every((hit) => /\?at=b\d+$/.test(hit.getAttribute('href')));
        });
        const hit = page.locator('li', { has: page.locator('[data-hit]') }).first();
        const href = await hit.locator('[data-hit]').getAttribute('href');
        assert.match(href, /^\/items\/[\w-]+\?at=b\d+$/);
        await hit.locator('[data-hit]').click();
        await page.waitForURL(bench.base + href);
        await page.locator('.blocks li.on').waitFor();
      });
    });

    test('nothing found says so, and says what was not searched', async () => {
      await bench.with('/', async (page) => {
        await page.locator('.casehead').waitFor();
        await ask(page, 'синхрофазотрон');
        await page.getByText('No place found for these words.').waitFor();
        assert.equal(await page.locator('[data-hit]').count(), 0);
        const { count } = (await bench.get('/case')).unsearchable;
        if (count > 0) await page.getByRole('main').getByText(/not searchable/).first().waitFor();
      });
    });

    test('kind and language narrow the answer', async () => {
      await bench.with('/search', async (page) => {
        await ask(page, 'ящик');
        await page.locator('[data-hit]').first().waitFor();
        const all = await page.locator('[data-hit]').count();
        await page.getByLabel('Kind').selectOption('article');
        const { hits } = await bench.post('/search', { query: 'ящик', kind: 'article', limit: 50 });
        assert.ok(hits.length > 0 && hits.length < all);
        await page.waitForFunction((n) => document.querySelectorAll('[data-hit]').length === n, hits.length);
      });
    });
  });
}

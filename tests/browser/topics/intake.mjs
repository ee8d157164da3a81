import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PATIENCE, until } from '../lib/browser.mjs';

const NOTE = { name: 'evening-note.txt', text: 'Записка сторожа: увечері на подвір’ї залишилися два велосипеди без коліс.\n' };

/** Drops files on the page, as the browser would. */
async function drop(page, ...files) {
  const data = await page.evaluateHandle((files) => {
    const data = new DataTransfer();
    for (const { name, text } of files) data.items.add(new File([text], name, { type: 'text/plain' }));
    return data;
  }, files);
  const target = page.locator('#page');
  await target.dispatchEvent('dragenter', { dataTransfer: data });
  await page.getByText('Let go to add').waitFor();
  await target.dispatchEvent('drop', { dataTransfer: data });
  await page.waitForURL('**/intake');
}

/** Answers where it comes from, sends, and waits for the end. Gives whether progress was shown. */
async function send(page) {
  await page.getByRole('button', { name: 'All unknown' }).click();
  await page.evaluate(() => {
    window.progress = false;
    new MutationObserver(() => (window.progress ||= document.querySelector('[role="progressbar"]') !== null)).observe(document.body, { subtree: true, childList: true });
  });
  const go = page.getByRole('button', { name: /^Add \d+ files?$/ });
  await go.and(page.locator(':enabled')).waitFor();
  await go.press('Enter');
  await page.getByRole('button', { name: 'Another batch' }).waitFor();
  return page.evaluate(() => window.progress);
}

export default function intake(bench) {
  describe('intake', () => {
    test('paused work waits, also for what comes in, and goes on where it was', async () => {
      assert.deepEqual(await bench.post('/process/pause'), { paused: true });
      await bench.with('/intake', async (page) => {
        await page.locator('[data-pick="files"]').setInputFiles({ name: 'waiting.txt', mimeType: 'text/plain', buffer: Buffer.from('Ключ лежить під каменем біля хвіртки.\n') });
        await send(page);
        await page.getByRole('row', { name: /waiting\.txt/ }).getByRole('link').click();
        await page.getByRole('heading', { level: 1, name: 'waiting.txt' }).waitFor();
        await page.getByRole('button', { name: 'Do this item first' }).click();
        await page.getByText('This item goes first').waitFor();
      }, { forgive: (text) => /Failed to load resource.*404.*\/text\)/.test(text) });
      // Numbers of the case may be some seconds old.
      await until(async () => {
        const { work } = await bench.get('/case');
        const { done, total } = work.stages.find((stage) => stage.derivation === 'text');
        return work.paused && done < total;
      }, 'the note that waits');
      await bench.with('/', async (page) => {
        await page.getByText('paused', { exact: true }).waitFor();
        await page.getByRole('button', { name: 'Go on' }).click();
        // On a machine with other work this takes its time.
        await page.getByText('everything due is done').waitFor({ timeout: 4 * PATIENCE });
      });
      assert.equal((await bench.get('/case')).work.paused, false);
      await until(async () => (await bench.post('/search', { query: 'хвіртка' })).total > 0, 'the note in the index');
    });

    test('a dropped file is asked about, sent with progress, and added', async () => {
      await bench.with('/items', async (page) => {
        await page.locator('[data-row]').first().waitFor();
        await drop(page, NOTE);
        const go = page.getByRole('button', { name: 'Add 1 file' });
        await go.waitFor();
        assert.ok(await go.isDisabled(), 'not before every question has an answer');
        await page.getByText('6 questions open').waitFor();
        assert.ok(await send(page), 'progress is shown');
        const row = page.getByRole('row', { name: /evening-note\.txt/ });
        assert.match(await row.innerText(), /added/);
        await page.getByText('1 added, 0 already here, 0 not added').waitFor();
        await row.getByRole('link').click();
        await page.getByRole('heading', { level: 1, name: NOTE.name }).waitFor();
        // Its page may be quicker than whoever reads its text.
      }, { forgive: (text) => /Failed to load resource.*404.*\/text\)/.test(text) });
    });

    test('the same bytes again are already here', async () => {
      await bench.with('/intake', async (page) => {
        await page.locator('[data-pick="files"]').setInputFiles({ name: 'another-name.txt', mimeType: 'text/plain', buffer: Buffer.from(NOTE.text) });
        await send(page);
        const row = page.getByRole('row', { name: /another-name\.txt/ });
        assert.match(await row.innerText(), /already here/);
        await page.getByText('0 added, 1 already here, 0 not added').waitFor();
        await row.getByRole('link').click();
        await page.getByRole('heading', { level: 1, name: NOTE.name }).waitFor();
      });
      const { items } = await bench.get('/items?limit=200');
      assert.equal(items.filter((item) => item.title === NOTE.name || item.title === 'another-name.txt').length, 1, 'one item');
      assert.equal((await bench.get(`/items/${items.find((item) => item.title === NOTE.name).item}`)).acquisitions.length, 2, 'two acquisitions');
    });

    test('what was added becomes searchable by itself', async () => {
      await until(async () => (await bench.post('/search', { query: 'велосипед' })).total > 0, 'the note in the index');
      await bench.with('/search', async (page) => {
        await page.getByRole('main').getByRole('searchbox').fill('велосипедом');
        await page.keyboard.press('Enter');
        await page.locator('[data-hit]').first().waitFor();
        assert.match(await page.locator('#page mark').first().innerText(), /велосипеди/);
      });
    });

    test('a folder’s worth goes in one batch, an empty file is named, and the rest is kept', async () => {
      await bench.with('/intake', async (page) => {
        await drop(page, { name: 'first.txt', text: 'Перша сторінка зошита.\n' }, { name: 'second.txt', text: 'Друга сторінка зошита.\n' }, { name: 'nothing.txt', text: '' });
        await page.getByText(/^3 files/).waitFor();
        await page.getByRole('button', { name: 'Leave out first.txt' }).click();
        await page.getByText(/^2 files/).waitFor();
        await send(page);
        assert.match(await page.getByRole('row', { name: /second\.txt/ }).innerText(), /added/);
        const empty = await page.getByRole('row', { name: /nothing\.txt/ }).innerText();
        assert.match(empty, /added|not added\s*\S+/, 'an outcome in words');
      });
    });
  });
}

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { PATIENCE } from '../lib/browser.mjs';
import { PASSPHRASE } from '../lib/case.mjs';

const messages = path.resolve(import.meta.dirname, '../../../ui/src/lib/messages');

/** Words of the case that no locked page may hold: names, titles, and what was said in a recording, unless the interface says it too. */
export async function telling(bench) {
  const { segments } = await bench.get(`/items/${bench.item('call-02.wav').item}/transcript`);
  const own = (await Promise.all(['en', 'uk', 'words.en', 'words.uk'].map((name) => readFile(path.join(messages, `${name}.ts`), 'utf8')))).join().toLowerCase();
  const said = segments.flatMap((segment) => segment.words.map((word) => word.text.trim()));
  const words = said.filter((word) => word.length > 5 && !own.includes(word.toLowerCase()));
  assert.ok(words.length > 5, 'something was said');
  return [bench.name, ...bench.items.keys(), ...words];
}
/** Fails where a locked page holds any of `words`. */
export async function forgotten(page, words) {
  await page.getByRole('heading', { level: 1, name: 'The case is locked' }).waitFor({ timeout: 4 * PATIENCE });
  const all = await page.evaluate(() => document.documentElement.outerHTML);
  assert.deepEqual(words.filter((word) => all.includes(word)), []);
  assert.equal(await page.title(), 'zapys');
  assert.equal(await page.locator('#shell, dialog').count(), 0);
}
/** What scripts of the page hold still, once the browser has cleared up. */
async function held(page) {
  const tools = await page.context().newCDPSession(page);
  const parts = [];
  tools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => parts.push(chunk));
  await tools.send('HeapProfiler.collectGarbage');
  await tools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await tools.detach();
  return JSON.parse(parts.join('')).strings.join('\n');
}

export default function locking(bench) {
  const recording = () => `/items/${bench.item('call-02.wav').item}`;
  const open = async (page) => {
    await page.locator('[data-seg]').first().waitFor();
    await page.locator('.play:enabled').waitFor();
  };

  describe('locking', () => {
    beforeEach(() => bench.unlock());

    test('the button locks: sound stops, nothing of the evidence is left', async () => {
      const words = await telling(bench);
      await bench.with(recording(), async (page) => {
        await open(page);
        await page.keyboard.press('Space');
        await page.waitForFunction(() => window.seen.sounds.some((sound) => !sound.paused && sound.currentTime > 0));
        assert.ok((await held(page)).includes(words.at(-1)), 'the page held them before');
        await page.getByRole('button', { name: 'Lock', exact: true }).click();
        await forgotten(page, words);
        assert.equal(await page.evaluate(() => window.seen.sounds.length), 0, 'no sound is left that could go on');
        const still = await held(page);
        assert.deepEqual(words.filter((word) => still.includes(word)), [], 'nor does any script hold them');
      });
      for (const path of ['/case', '/items', `${recording()}/media`, '/keys']) {
        assert.equal((await bench.api.get(`${bench.base}/api/v1${path}`)).status(), 423, path);
      }
    });

    test('Shift F8 locks from a text field, and from under the cover', async () => {
      for (const before of [
        async (page) => {
          await page.keyboard.press('Control+k');
          await page.getByRole('combobox').fill('crates');
        },
        async (page) => {
          await page.keyboard.press('F8');
          await page.locator('.top').waitFor({ state: 'hidden' });
        },
        async (page) => page.locator('.top input').fill('crates'),
      ]) {
        await bench.with('/', async (page) => {
          await page.locator('.casehead').waitFor();
          await before(page);
          await page.keyboard.press('Shift+F8');
          await forgotten(page, [bench.name, 'crates']);
        });
        await bench.unlock();
      }
    });

    test('every window is locked, not only the one in hand; and opens again where it was', async () => {
      const words = await telling(bench);
      await bench.with(recording(), async (page) => {
        await open(page);
        await bench.post('/lock', {});
        await forgotten(page, words);
        await bench.unlock();
        // Whoever comes back to the window finds that it was unlocked elsewhere.
        await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
        await open(page);
      });
    });

    test('what was asked for is refused in a page that did not hear of it', async () => {
      await bench.with('/items', async (page) => {
        await page.locator('[data-row="0"]').waitFor();
        await bench.post('/lock', {});
        // A page whose stream of events broke off looks after itself every few seconds: it may know before anything is asked.
        const asking = page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click({ timeout: 5000 }).catch(() => {});
        await forgotten(page, [bench.name, ...bench.items.keys()]);
        await asking;
      }, { deaf: true, forgive: (text) => /423|\/events/.test(text) });
    });

    test('another program may have the case meanwhile, and then the page says so', async () => {
      await bench.post('/lock', {});
      const other = await bench.served.second();
      try {
        await bench.with('/', async (page) => {
          await page.getByLabel('Passphrase or recovery key').fill(PASSPHRASE);
          await page.keyboard.press('Enter');
          const alert = page.getByRole('alert');
          await alert.waitFor();
          assert.match(await alert.innerText(), /Another zapys works on this case/);
        }, { forgive: (text) => /Failed to load resource.*503/.test(text) });
      } finally {
        await other.stop();
      }
    });
  });
}

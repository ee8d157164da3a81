// Pictures of the workbench for the README, from the sample case: `node shots.mjs OUT`.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Bench } from './lib/bench.mjs';
import { contextOf, WIDE } from './lib/browser.mjs';

const [out] = process.argv.slice(2);
if (!out) {
  console.error('node shots.mjs OUT: OUT is the folder for the pictures');
  process.exit(3);
}
await mkdir(out, { recursive: true });

/** Takes the pictures of one case: name, place, look of the browser, and how to know that it is all there. */
async function take(bench, pictures) {
  for (const [name, at, options, ready] of pictures) {
    await bench.with(at, async (page) => {
      await ready(page);
      await page.mouse.move(WIDE.width - 2, WIDE.height - 2);
      // Where a key was pressed last is of no interest here.
      await page.evaluate(() => {
        document.activeElement?.blur();
        return document.fonts.ready.then(() => true);
      });
      const file = path.join(out, `${name}.png`);
      await page.screenshot({ path: file });
      console.log(file);
    }, options);
  }
  bench.watch.settle();
}
/** The same in light and in dark. */
const both = (name, at, ready) => [
  [name, at, {}, ready],
  [`${name}-dark`, at, { colorScheme: 'dark' }, ready],
];

const bench = new Bench();
await bench.open({ hostile: false });
try {
  await bench.enter(await contextOf(bench.browser, bench.watch));
  const call = bench.item('call-01.wav').item;
  const { segments } = await bench.get(`/items/${call}/transcript`);

  /** A recording in the midst of listening: part of it heard, a word of a Russian segment lit. */
  async function listening(page) {
    const idx = segments.findIndex((segment, place) => place >= 3 && segment.language === 'ru' && segment.words.length >= 4);
    const word = segments[idx].words[3];
    await page.locator('.play:enabled').waitFor();
    await page.locator(`[data-seg="${Math.max(0, idx - 2)}"] [data-word="0"]`).click();
    await page.keyboard.press('Space');
    await page.waitForFunction((ms) => window.seen.sounds.at(-1).currentTime * 1000 >= ms, word.start_ms);
    await page.keyboard.press('Space');
    await page.waitForFunction(() => window.seen.sounds.at(-1).paused);
    await page.locator(`[data-seg="${idx}"] [data-word="3"]`).click();
    await page.locator('.w.now').waitFor();
  }
  async function found(page) {
    await page.locator('#page input[type="search"]').waitFor();
    await page.locator('.top input').fill('ящиков');
    await page.keyboard.press('Enter');
    await page.locator('[data-hit]').first().waitFor();
  }
  await take(bench, [
    ['home', '/', {}, (page) => page.locator('.casehead').waitFor()],
    ['library', '/items', {}, (page) => page.locator('[data-row="0"]').waitFor()],
    ['recording', `/items/${call}`, {}, listening],
    ['recording-dark', `/items/${call}`, { colorScheme: 'dark' }, listening],
    ['search', '/search', {}, found],
  ]);
} finally {
  await bench.close();
}

// An encrypted case: locked, and what only such a case has.
const sealed = new Bench();
await sealed.open({ encrypted: true });
try {
  await sealed.enter(await contextOf(sealed.browser, sealed.watch));
  await take(sealed, both('unlock', '/', (page) => page.locator('#way').waitFor()));
  await sealed.unlock();
  const { item } = sealed.item('call-02.wav');
  const asked = async (page) => {
    await page.getByRole('button', { name: 'Dispose of this item' }).click();
    await page.locator('#d-reason').waitFor();
  };
  await take(sealed, [
    ...both('ways', '/settings', (page) => page.locator('tbody tr').nth(1).waitFor()),
    ...both('dispose', `/items/${item}`, asked),
  ]);
  await sealed.post(`/items/${item}/dispose`, { reason: 'Consent withdrawn', authority: 'Request of the person' });
  await take(sealed, both('disposed', `/items/${item}`, (page) => page.locator('tbody tr').first().waitFor()));
} finally {
  await sealed.close();
}

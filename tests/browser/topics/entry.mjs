import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contextOf } from '../lib/browser.mjs';

/** A refused call is what these tests ask for; the browser writes it to the console by itself, and looks for a mark beside a bare answer. */
const refused = (text) => /Failed to load resource.*(40[13]|404.*favicon\.ico)/.test(text);

export default function entry(bench) {
  describe('way in', () => {
    test('the one-time link opens the workbench, under a strict policy', async () => {
      const context = await contextOf(bench.browser, bench.watch);
      const { page, answer } = await bench.enter(context);
      await page.getByRole('heading', { level: 1, name: bench.name }).waitFor({ state: 'attached' });
      assert.equal(new URL(page.url()).pathname, '/', 'the token has left the address');
      assert.equal(new URL(page.url()).search, '');
      assert.equal(await page.title(), 'zapys');

      const headers = answer.headers();
      const policy = headers['content-security-policy'] ?? '';
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self'(;|$)/);
      assert.match(policy, /style-src 'self'(;|$)/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');

      const [cookie] = await context.cookies();
      assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict', 'the session is out of reach of scripts and of other sites');
      assert.equal(await page.evaluate(() => document.cookie), '');
    });

    test('the link works once', async () => {
      const context = await contextOf(bench.browser, bench.watch, { forgive: refused });
      const page = await context.newPage();
      const answer = await page.goto(bench.served.link);
      assert.equal(answer.status(), 401);
      assert.deepEqual(await context.cookies(), [], 'no session is given');
      const text = await page.locator('body').innerText();
      assert.match(text, /used.*zapys serve/is, 'it says why, and what to do');
      await context.close();
    });

    test('without a session the page says what to do and shows nothing of the case', async () => {
      const context = await contextOf(bench.browser, bench.watch, { forgive: refused });
      const page = await context.newPage();
      await page.goto(`${bench.base}/items`);
      const alert = page.getByRole('alert');
      await alert.waitFor();
      assert.match(await alert.innerText(), /link/i);
      const text = await page.locator('body').innerText();
      for (const title of [bench.name, ...bench.items.keys()]) assert.ok(!text.includes(title), `${title} is not shown`);
      assert.equal(await page.title(), 'zapys');
      await context.close();
    });

    test('F8 hides all and returns', async () => {
      await bench.with('/items', async (page) => {
        const row = page.getByRole('link', { name: 'call-01.wav' });
        await row.waitFor();
        await page.keyboard.press('F8');
        await row.waitFor({ state: 'hidden' });
        assert.equal((await page.locator('body').innerText()).trim(), 'F8', 'nothing but the way back is there');
        // What lies below answers to no key.
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        assert.equal(new URL(page.url()).pathname, '/items');
        await page.keyboard.press('F8');
        await row.waitFor();
      });
    });

    test('F8 stops sound', async () => {
      await bench.with(`/items/${bench.item('call-01.wav').item}`, async (page) => {
        await page.getByRole('button', { name: 'Play', exact: true }).and(page.locator(':enabled')).waitFor();
        await page.keyboard.press('Space');
        await page.waitForFunction(() => window.seen.sounds.some((sound) => !sound.paused && sound.currentTime > 0));
        await page.keyboard.press('F8');
        assert.ok(await page.evaluate(() => window.seen.sounds.every((sound) => sound.paused)), 'stopped by the time the key is done');
        await page.keyboard.press('F8');
        await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
        assert.ok(await page.evaluate(() => window.seen.sounds.every((sound) => sound.paused)), 'and does not go on by itself');
      });
    });

    test('an unknown page says so', async () => {
      await bench.with('/nowhere/at-all', async (page) => {
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.getByRole('main').getByRole('link').click();
        await page.waitForURL(`${bench.base}/`);
      });
    });
  });
}

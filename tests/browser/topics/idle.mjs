import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultsOf } from '../lib/axe.mjs';
import { until } from '../lib/browser.mjs';
import { forgotten, telling } from './locking.mjs';

/** Long enough to open a page on a busy machine, short enough to wait for. */
const AFTER = 16;

export default function idle(bench) {
  describe('when nobody is there', () => {
    test('a notice comes first; whoever stays, stays; then the case locks and the page forgets', async () => {
      await bench.again({ ZAPYS_LOCK_AFTER: String(AFTER) });
      await bench.unlock();
      const words = await telling(bench);
      await bench.with(`/items/${bench.item('call-02.wav').item}`, async (page) => {
        await page.locator('[data-seg]').first().waitFor();
        const notice = page.getByRole('status').getByText('The case locks in');
        await notice.waitFor();
        assert.deepEqual(await faultsOf(page), []);
        // Out of the way of the notice: a page that changes its shape under a pointer is no person.
        await page.getByRole('button', { name: 'Stay', exact: true }).click();
        await notice.waitFor({ state: 'detached' });
        assert.equal((await bench.get('/session')).locked, false);

        await page.mouse.move(2, 2);
        const before = bench.watch.requests.length;
        await forgotten(page, words);
        const own = bench.watch.requests.slice(before).map((url) => new URL(url).pathname).filter((path) => path.startsWith('/api/'));
        // Moving the pointer counted as somebody, once; from then on nothing was asked for until the page was loaded anew.
        assert.deepEqual(own.filter((path) => path !== '/api/v1/stay' && path !== '/api/v1/events'), ['/api/v1/session']);
        assert.ok(own.filter((path) => path === '/api/v1/stay').length <= 1, own.join(' '));
      });
      assert.equal((await bench.get('/session')).locked, true);
    });

    test('a page that was left alone by a server that died forgets too', async () => {
      await bench.unlock();
      const words = await telling(bench);
      const page = await bench.page('/items', { forgive: () => true });
      await page.locator('[data-row="0"]').waitFor();
      await bench.served.kill();
      const left = async () => {
        // The page is being loaded, or there is none: then there is nothing to be read.
        const all = await page.content().catch(() => words.join(' '));
        return words.filter((word) => all.includes(word));
      };
      await until(async () => (await left()).length === 0, 'nothing is left');
      await page.context().close();
      await bench.again({});
      await bench.unlock();
    });
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultsOf } from '../lib/axe.mjs';
import { PASSPHRASE } from '../lib/case.mjs';

/** Wrong passphrases are what these tests give; the browser writes the refusal to the console by itself. */
const refused = (text) => /Failed to load resource.*(403|423|429)/.test(text);

export default function unlocking(bench) {
  describe('unlocking', () => {
    test('it is served locked where nobody gives a passphrase, and tells nothing of the case', async () => {
      assert.equal(bench.served.locked, true);
      const session = await bench.get('/session');
      assert.deepEqual(Object.keys(session).sort(), ['actor', 'csrf', 'encrypted', 'locked', 'version', 'working']);
      const answer = await bench.api.get(`${bench.base}/api/v1/case`);
      assert.equal(answer.status(), 423);
      assert.equal((await answer.json()).code, 'locked');
    });

    test('the page asks for the passphrase, wherever one comes from', async () => {
      for (const path of ['/', '/items', '/settings']) {
        await bench.with(path, async (page) => {
          await page.getByRole('heading', { level: 1, name: 'The case is locked' }).waitFor();
          assert.equal(await page.locator('#shell').count(), 0, 'nothing of the workbench is there');
          const field = page.getByLabel('Passphrase or recovery key');
          assert.equal(await field.getAttribute('type'), 'password');
          assert.equal(await field.getAttribute('autocomplete'), 'off');
          assert.ok(await field.evaluate((it) => it === document.activeElement), 'one can type at once');
          await field.fill('a b c');
          await page.getByRole('button', { name: 'Show what is typed' }).click();
          assert.equal(await field.getAttribute('type'), 'text');
          // Keys of the workbench are letters here.
          await field.press('g');
          await field.press('l');
          assert.equal(new URL(page.url()).pathname, path);
          assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
        });
      }
    });

    test('it speaks Ukrainian, and turns dark', async () => {
      await bench.with('/', async (page) => {
        await page.getByRole('heading', { level: 1, name: 'Справу замкнено' }).waitFor();
        await page.getByLabel('Парольна фраза або ключ відновлення').waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), 'uk');
        assert.doesNotMatch((await page.locator('body').innerText()).replaceAll('zapys', ''), /[A-Za-z]{3,}/);
      }, { locale: 'uk-UA', colorScheme: 'dark' });
    });

    test('it breaks no rule of WCAG 2.2 AA: light, dark, contrast, tablet', async () => {
      await bench.with('/', async (page) => {
        await page.locator('#way').waitFor();
        assert.deepEqual(await faultsOf(page), []);
        await page.getByRole('button', { name: 'Use a key file' }).click();
        await page.getByLabel('Key file', { exact: true }).waitFor();
        assert.deepEqual(await faultsOf(page), []);
      });
    });

    test('work that goes on behind the lock is said, and can be stopped', async () => {
      await bench.with('/', async (page) => {
        await page.locator('#way').waitFor();
        // As the server tells it while work goes on.
        const real = await bench.get('/session');
        await page.route('**/api/v1/session', (route) => route.fulfill({ json: { ...real, working: true } }));
        await page.reload();
        await page.getByText('until then the keys stay in the memory of this computer').waitFor();
        assert.deepEqual(await faultsOf(page), []);
        await page.unroute('**/api/v1/session');
        const asked = page.waitForRequest((request) => request.url().endsWith('/api/v1/lock') && request.method() === 'POST');
        await page.getByRole('button', { name: 'Stop the work, forget the keys' }).click();
        await asked;
        await page.getByText('Work goes on.').waitFor({ state: 'detached' });
      });
    });

    test('a wrong passphrase is told in one sentence, the right one opens', async () => {
      await bench.with('/items', async (page) => {
        // Held until the page was seen to say that it works on it.
        let go;
        const seen = new Promise((resolve) => (go = resolve));
        await page.route('**/api/v1/unlock', async (route) => {
          await seen;
          await route.continue();
        });
        await page.getByLabel('Passphrase or recovery key').fill('not the passphrase');
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Checking' }).waitFor();
        await page.getByRole('status').getByText('guessing is slow').waitFor();
        go();
        const alert = page.getByRole('alert');
        await alert.waitFor();
        assert.equal((await alert.innerText()).trim(), 'That does not open this case. Nothing was changed.');
        assert.deepEqual(await faultsOf(page), []);

        // The button comes back when the wait is over.
        await page.getByRole('button', { name: 'Unlock', exact: true }).and(page.locator(':enabled')).waitFor();
        await page.getByLabel('Passphrase or recovery key').fill(PASSPHRASE);
        await page.keyboard.press('Enter');
        await page.getByRole('link', { name: 'call-02.wav' }).waitFor();
        assert.equal(new URL(page.url()).pathname, '/items', 'one is where one wanted to be');
        await page.locator('header .state').getByText('encrypted', { exact: true }).waitFor();
        assert.ok(!(await page.content()).includes(PASSPHRASE), 'the passphrase is in no field any more');
      }, { forgive: refused });
      await bench.learn();
    });
  });
}

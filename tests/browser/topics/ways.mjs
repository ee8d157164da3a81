import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { faultsOf } from '../lib/axe.mjs';

export default function ways(bench) {
  describe('ways into the case', () => {
    beforeEach(() => bench.unlock());

    const open = (look, options) =>
      bench.with('/settings', async (page) => {
        await page.getByRole('table', { name: 'Ways into the case' }).locator('tbody tr').first().waitFor();
        await look(page, page.getByRole('table', { name: 'Ways into the case' }).locator('tbody tr'));
      }, options);

    test('are listed, and the settings say when the case locks', async () => {
      await open(async (page, rows) => {
        assert.deepEqual((await rows.allInnerTexts()).map((row) => row.split(/\s\s|\t/)[0].trim().replace(/\s+/g, ' ')), ['key file w1', 'passphrase w2']);
        await page.getByText('It locks after 5 minutes without anybody').waitFor();
        assert.deepEqual(await faultsOf(page), []);
      });
    });

    test('a passphrase is added, typed twice, and taken away again', async () => {
      await open(async (page, rows) => {
        await page.getByRole('button', { name: 'Add a passphrase' }).click();
        const dialog = page.getByRole('dialog');
        const add = dialog.getByRole('button', { name: 'Add', exact: true });
        await dialog.getByLabel('New passphrase').fill('vivid copper otter');
        await dialog.getByLabel('The same again').fill('vivid copper');
        await dialog.getByText('The two are not the same yet.').waitFor();
        assert.ok(await add.isDisabled());
        assert.deepEqual(await faultsOf(page), []);
        await dialog.getByLabel('The same again').fill('vivid copper otter');
        await add.click();
        await dialog.waitFor({ state: 'detached' });
        await rows.nth(2).getByText('passphrase').waitFor();
        await page.getByRole('button', { name: 'Remove: passphrase w3' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        await rows.nth(2).waitFor({ state: 'detached' });
      });
    });

    test('a weak passphrase is refused in one sentence', async () => {
      await open(async (page) => {
        await page.getByRole('button', { name: 'Add a passphrase' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('New passphrase').fill('short');
        await dialog.getByLabel('The same again').fill('short');
        await page.keyboard.press('Enter');
        const alert = dialog.getByRole('alert');
        await alert.waitFor();
        assert.match(await alert.innerText(), /too easy to guess/);
      }, { forgive: (text) => /Failed to load resource.*422/.test(text) });
    });

    test('a recovery key is shown once, and opens the locked case', async () => {
      let key = '';
      await open(async (page, rows) => {
        await page.getByRole('button', { name: 'New recovery key' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Make it' }).click();
        const shown = page.locator('[data-recovery]');
        await shown.waitFor();
        key = (await shown.innerText()).replace(/\s/g, '');
        assert.match(key, /^ZAPYS-RECOVERY(-[0-9A-Z]{4}){14}$/);
        assert.deepEqual(await faultsOf(page), []);
        await page.getByRole('button', { name: 'It is written down' }).click();
        await rows.nth(2).getByText('recovery key').waitFor();
        assert.ok(!(await page.content()).includes(key.slice(15, 34)), 'and is gone from the page');
        await page.keyboard.press('Shift+F8');
        // As somebody types it from paper.
        await page.getByLabel('Passphrase or recovery key').fill(key.toLowerCase().replaceAll('-', ' ').replace('zapys ', 'zapys-'));
        await page.keyboard.press('Enter');
        await rows.nth(2).waitFor();
      });
    });

    test('a key file opens the locked case', async () => {
      await open(async (page) => {
        await page.keyboard.press('Shift+F8');
        await page.getByRole('button', { name: 'Use a key file' }).click();
        await page.getByLabel('Key file', { exact: true }).setInputFiles({ name: 'key', mimeType: 'application/octet-stream', buffer: bench.served.key });
        await page.getByRole('button', { name: 'Unlock', exact: true }).click();
        await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
      });
    });
  });
}

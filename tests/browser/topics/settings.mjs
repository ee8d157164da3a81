import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

const ground = (page) => page.evaluate(() => getComputedStyle(document.querySelector('#shell header')).backgroundColor);

export default function settings(bench) {
  describe('language, theme, keys', () => {
    test('the interface speaks Ukrainian and English, the evidence stays as it is', async () => {
      await bench.with('/items', async (page) => {
        await page.getByRole('heading', { level: 1, name: /Library/ }).waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), 'en');
        await page.getByRole('button', { name: 'УК', exact: true }).click();
        await page.getByRole('heading', { level: 1, name: /Library/ }).waitFor({ state: 'detached' });
        assert.equal(await page.locator('html').getAttribute('lang'), 'uk');
        const shell = await page.locator('#shell').innerText();
        for (const word of ['Library', 'Search', 'Custody', 'Settings', 'Recorded', 'Verification']) assert.ok(!shell.includes(word), `${word} is said in Ukrainian`);
        await page.getByRole('columnheader', { name: /Назва/ }).waitFor();
        assert.ok(shell.includes('call-01.wav'));
        assert.equal(await page.title(), 'zapys');
        await page.reload();
        await page.getByRole('columnheader', { name: /Назва/ }).waitFor();
        await page.getByRole('button', { name: 'EN', exact: true }).click();
        await page.getByRole('heading', { level: 1, name: /Library/ }).waitFor();
      });
    });

    test('a Ukrainian browser begins in Ukrainian', async () => {
      await bench.with('/settings', async (page) => {
        await page.getByRole('button', { name: 'Українська', exact: true, pressed: true }).waitFor();
      }, { locale: 'uk-UA' });
    });

    test('dark is dark, by choice and by the system, and lasts', async () => {
      await bench.with('/settings', async (page) => {
        await page.getByRole('button', { name: 'Dark', exact: true }).waitFor();
        const light = await ground(page);
        await page.getByRole('button', { name: 'Dark', exact: true }).click();
        const dark = await ground(page);
        assert.equal(light, 'rgb(248, 249, 247)');
        assert.equal(dark, 'rgb(22, 27, 26)');
        await page.reload();
        await page.getByRole('button', { name: 'Dark', exact: true, pressed: true }).waitFor();
        assert.equal(await ground(page), dark);
        assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ['zapys.theme'], 'nothing of the case is kept');
      });
      await bench.with('/settings', async (page) => {
        await page.getByRole('button', { name: 'Dark', exact: true }).waitFor();
        assert.equal(await ground(page), 'rgb(22, 27, 26)');
      }, { colorScheme: 'dark' });
    });

    test('a case that is not encrypted says so and has nothing to lock', async () => {
      await bench.with('/settings', async (page) => {
        await page.locator('header .state').getByText('not encrypted').waitFor();
        await page.getByText('whoever has this disk can read it').waitFor();
        assert.equal(await page.getByRole('button', { name: 'Lock' }).count(), 0);
        await page.keyboard.press('Shift+F8');
        await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
        assert.equal(await page.locator('#shell').count(), 1);
      });
    });

    test('single letters can be switched off; F8 stays', async () => {
      await bench.with('/settings', async (page) => {
        await page.getByRole('button', { name: 'Off', exact: true }).click();
        await page.keyboard.press('g');
        await page.keyboard.press('l');
        await page.keyboard.press('F8');
        await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor({ state: 'hidden' });
        await page.keyboard.press('F8');
        await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
        assert.equal(new URL(page.url()).pathname, '/settings');
      });
    });

    test('palette and key sheet open, run and close from the keyboard', async () => {
      await bench.with('/', async (page) => {
        await page.locator('.casehead').waitFor();
        await page.keyboard.press('Control+k');
        const palette = page.getByRole('dialog');
        await palette.waitFor();
        await page.keyboard.type('go to custody');
        await page.keyboard.press('Enter');
        await page.waitForURL('**/custody');
        await palette.waitFor({ state: 'detached' });
        await page.keyboard.press('?');
        await page.getByRole('dialog').getByText('F8').first().waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      });
    });
  });
}

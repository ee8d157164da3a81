import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

export default function translating(bench) {
  const call = () => bench.item('call-02.wav').item;
  const words = () => bench.get(`/items/${call()}/transcript`);
  const editor = (page) => page.getByLabel('Translation into English');
  /** Segments with words that somebody said, by their places. */
  const spoken = async () => {
    const { segments } = await words();
    const found = segments.map((segment, idx) => ({ segment, idx })).filter(({ segment }) => segment.translations.en && !segment.flags.includes('no-speech'));
    assert.ok(found.length > 3);
    return found;
  };
  const row = (page, idx) => page.locator(`[data-seg="${idx}"]`);

  describe('translating', () => {
    test('what is written stands first, with who wrote it, and the machine\u2019s beside it', async () => {
      const [one, two] = await spoken();
      const machines = one.segment.translations.en.text;
      await bench.with(`/items/${call()}`, async (page) => {
        await row(page, one.idx).locator('.at').click();
        await page.keyboard.press('Shift+T');
        await editor(page).waitFor();
        assert.equal(await editor(page).inputValue(), machines, 'begins with what stands there');
        await editor(page).fill('Fourteen lorries <b>, not fifteen.');
        await page.getByLabel('Note: what is disputed').fill('or: cars');
        await page.keyboard.press('Enter');
        await row(page, one.idx).locator('.cell.tr.p').getByText('Fourteen lorries <b>, not fifteen.').waitFor();
        const cell = await row(page, one.idx).locator('.cell.tr').innerText();
        assert.match(cell, /owner of the case/);
        assert.match(cell, /Note by owner of the case:\s*or: cars/);
        assert.ok(cell.includes(machines), 'the machine\u2019s stays');
        await page.getByText('Words spoken').first().waitFor();
        await page.getByText('by machine and people').waitFor();
        // Enter goes on to the next that has words; Escape leaves it as it was.
        await row(page, two.idx).locator('textarea').waitFor();
        await page.keyboard.press('Escape');
        await editor(page).waitFor({ state: 'detached' });
      });
      const now = (await words()).segments[one.idx];
      assert.deepEqual([now.text, now.translations.en.by, now.translations.en.beside[0].text], [one.segment.text, 'person:owner', machines]);
      assert.equal((await words()).segments[two.idx].translations.en.reviewed, false);
    });

    test('one that is right as it stands is confirmed', async () => {
      const [, , three] = await spoken();
      await bench.with(`/items/${call()}`, async (page) => {
        await row(page, three.idx).locator('.at').click();
        await row(page, three.idx).locator('.cell.tr').dblclick();
        await page.getByRole('button', { name: 'It is right' }).click();
        await row(page, three.idx).getByText('confirmed by owner of the case').waitFor();
      });
      const now = (await words()).segments[three.idx].translations.en;
      assert.deepEqual([now.text, now.reviewed, now.reviewed_by], [three.segment.translations.en.text, true, ['person:owner']]);
    });

    test('search finds it and says whose it is', async () => {
      await bench.with('/', async (page) => {
        await page.locator('.top input').waitFor();
        await page.keyboard.press('/');
        await page.keyboard.type('lorries');
        await page.keyboard.press('Enter');
        await page.getByText('Translation by owner of the case:').waitFor();
      });
    });

    test('what was just saved is taken back', async () => {
      const last = (await spoken()).at(-1);
      await bench.with(`/items/${call()}`, async (page) => {
        await row(page, last.idx).locator('.at').click();
        await page.keyboard.press('Shift+T');
        await editor(page).fill('A mistake.');
        await page.keyboard.press('Escape');
        await row(page, last.idx).getByText('A mistake.').waitFor();
        await page.getByRole('button', { name: 'Take back' }).click();
        await row(page, last.idx).getByText('A mistake.').waitFor({ state: 'detached' });
      });
      assert.deepEqual((await words()).segments[last.idx].translations, last.segment.translations);
    });

    test('whoever listens first is not asked to translate', async () => {
      await bench.with(`/items/${call()}`, async (page) => {
        await page.getByRole('button', { name: 'Blind' }).click();
        await page.getByRole('button', { name: 'Translate', exact: true }).waitFor({ state: 'detached' });
        await page.keyboard.press('Shift+T');
        assert.equal(await editor(page).count(), 0);
        await page.getByRole('button', { name: 'Blind' }).click();
        await page.getByRole('button', { name: 'Translate', exact: true }).waitFor();
      });
    });
  });
}

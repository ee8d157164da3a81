import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

export default function glossary(bench) {
  const call = () => bench.item('call-01.wav').item;
  const words = () => bench.get(`/items/${call()}/transcript`);
  const entry = (page, text) => page.locator('#page li').filter({ hasText: text });

  describe('glossary', () => {
    test('an empty one says how to begin; a term goes on record with its meaning', async () => {
      await bench.with('/', async (page) => {
        await page.keyboard.press('g');
        await page.keyboard.press('g');
        await page.getByRole('heading', { level: 1, name: 'Glossary' }).waitFor();
        await page.getByText('No term is on record').waitFor();
        await page.getByRole('button', { name: 'Add a term' }).click();
        const put = page.getByRole('button', { name: 'Put on record' });
        await page.getByLabel('Word, as it is said').fill('конференция');
        assert.equal(await put.isDisabled(), true, 'not without a meaning');
        await page.getByLabel('Kind of word').selectOption('cipher');
        await page.getByLabel('What it means').fill('a meeting of drivers <b>');
        await page.getByLabel('Other words for the same').fill('збори, сходка');
        await put.click();
        await entry(page, 'конференция').getByText('also: збори, сходка').waitFor();
        assert.match(await entry(page, 'конференция').innerText(), /cipher[\s\S]+a meeting of drivers <b>[\s\S]+owner of the case/);
      });
    });

    test('it stands under the words in any of their forms, and the words stay', async () => {
      const before = await words();
      const glossed = before.segments.filter((it) => it.glosses?.length > 0);
      assert.ok(glossed.length > 1 && glossed.some((it) => !/конференция/i.test(it.text)), 'another form too');
      await bench.with(`/items/${call()}`, async (page) => {
        const row = page.locator(`[data-seg="${before.segments.indexOf(glossed[0])}"]`);
        await row.getByText('a meeting of drivers <b>').waitFor();
        assert.equal((await row.locator('[data-word]').allInnerTexts()).join(''), glossed[0].words.map((it) => it.text).join(''));
        assert.equal(await page.locator('.gloss').count(), glossed.length);
      });
    });

    test('it is corrected and taken back with a reason, and leads to where it was said', async () => {
      await bench.with('/glossary', async (page) => {
        await entry(page, 'конференция').getByRole('button', { name: 'Correct…' }).click();
        const put = page.getByRole('button', { name: 'Put on record' });
        await page.getByLabel('What it means').fill('a meeting of drivers');
        assert.equal(await put.isDisabled(), true, 'not without a reason');
        await page.getByLabel('Why it is corrected').fill('Written badly.');
        await put.click();
        await put.waitFor({ state: 'detached' });
        assert.equal((await bench.get('/glossary')).terms[0].meaning, 'a meeting of drivers');

        await page.getByRole('button', { name: 'Add a term' }).click();
        await page.getByLabel('Word, as it is said').fill('оператор');
        await page.getByLabel('What it means').fill('the man at the gate');
        await put.click();
        await entry(page, 'оператор').getByRole('button', { name: 'Take back…' }).click();
        await page.getByLabel('Why it is taken back').fill('It was an operator.');
        await put.click();
        await entry(page, 'оператор').waitFor({ state: 'detached' });
        assert.deepEqual((await bench.get('/glossary')).terms.map((it) => it.term), ['конференция']);

        await entry(page, 'конференция').getByRole('button', { name: 'Find it' }).click();
        await page.locator('[data-hit]').first().waitFor();
        assert.equal(new URL(page.url()).search, '', 'no word of the case in an address');
      });
    });
  });
}

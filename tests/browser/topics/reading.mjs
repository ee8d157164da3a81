import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

export default function reading(bench) {
  describe('texts and tables', () => {
    test('an article shows its text, what it says of itself, and its quotes', async () => {
      const { item } = bench.item('origin.html');
      const text = await bench.get(`/items/${item}/text`);
      await bench.with(`/items/${item}`, async (page) => {
        const article = page.getByRole('article');
        await article.getByRole('heading', { name: 'Музей пояснив, куди поділися ящики' }).waitFor();
        assert.equal(await article.getAttribute('lang'), 'uk');
        const shown = await article.innerText();
        for (const block of text.blocks) assert.ok(shown.includes(block.text.trim()), 'every block is there');
        await page.getByText('Олена Кривець').first().waitFor();

        const quotes = page.getByRole('complementary', { name: 'Quoted speech' });
        const quote = quotes.getByRole('button', { name: /Ми не вивозили фонди/ });
        await quote.waitFor();
        assert.match(await quotes.innerText(), /Ганна Лозова/);
        await quote.press('Enter');
        const place = article.locator('mark.lit');
        await place.first().waitFor();
        assert.match(await place.first().innerText(), /Ми не вивозили фонди, ми лише перенесли ящики/);
      });
    });

    test('an address with a block of an article leads there', async () => {
      const { item } = bench.item('origin.html');
      await bench.with(`/items/${item}?at=b1`, async (page) => {
        await page.locator('#b1.asked').waitFor();
      });
    });

    test('a chat export shows its messages as exported', async () => {
      const { item } = bench.item('result.json');
      const { messages } = await bench.get(`/items/${item}/messages`);
      await bench.with(`/items/${item}`, async (page) => {
        const rows = page.locator('[data-message]');
        await rows.first().waitFor();
        assert.equal(await rows.count(), messages.length);
        for (const [idx, message] of messages.entries()) if (message.text) assert.ok((await rows.nth(idx).innerText()).includes(message.text.split('\n')[0]), `message ${message.message_id}`);
        const post = page.locator('[data-message]', { hasText: 'ПЕРЕХОПЛЕННЯ' });
        assert.match(await post.innerText(), /clip-published\.mp3/);
        assert.match(await page.locator('[data-message]').first().innerText(), /service note/);
        assert.ok((await page.getByText(/Forwarded from/).count()) >= 1, 'the forwarded message says from whom');
        await page.keyboard.press('ArrowDown');
        await page.locator('[data-message="0"].lit').waitFor();
      });
      const far = messages.at(-1);
      await bench.with(`/items/${item}?at=${far.message_id}`, async (page) => {
        await page.locator(`[data-message="${messages.length - 1}"].lit`).waitFor();
      });
    });

    test('a call table shows its rows; numbers are covered until somebody asks', async () => {
      const { item } = bench.item('calls.csv');
      const { rows } = await bench.get(`/items/${item}/calls`);
      await bench.with(`/items/${item}`, async (page) => {
        const table = page.getByRole('table').first();
        await table.waitFor();
        assert.equal(await table.locator('tbody tr').count(), rows.length);
        const numbers = rows.flatMap((row) => [row.a_number, row.b_number, row.imei]).filter(Boolean);
        assert.ok(numbers.length > 0);
        const html = await page.content();
        for (const number of numbers) assert.ok(!html.includes(number), 'a covered number is not in the page at all');
        await page.keyboard.press('m');
        await table.getByText(numbers[0]).first().waitFor();
        const shown = await table.innerText();
        for (const number of numbers) assert.ok(shown.includes(number));
        assert.match(shown, /14\.03\.2022 10:07:40|2022-03-14.10:07:40/);
        assert.match(shown, /\b79 s\b/);
        await page.keyboard.press('m');
        await table.getByText(numbers[0]).first().waitFor({ state: 'detached' });
      });
    });

    test('there is no such item', async () => {
      const page = await bench.page('/items/01AAAAAAAAAAAAAAAAAAAAAAAA', { forgive: (text) => /Failed to load resource.*404/.test(text) });
      await page.getByText('There is no such item').waitFor();
      await page.context().close();
    });
  });
}

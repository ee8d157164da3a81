import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

/** How far the picture is blurred, in pixels, and how grey it is, 0 to 1. */
const cover = (page) => page.locator('.cut img').evaluate((img) => {
  const { filter } = getComputedStyle(img);
  return { blur: Number(/blur\(([\d.]+)px\)/.exec(filter)?.[1] ?? 0), grey: Number(/grayscale\(([\d.]+)\)/.exec(filter)?.[1] ?? 0) };
});

export default function screenshot(bench) {
  const item = () => bench.item('chat-light.png').item;

  describe('screenshot', () => {
    test('starts covered and opens in steps, one press each', async () => {
      await bench.with(`/items/${item()}`, async (page) => {
        await page.waitForFunction(() => document.querySelector('.cut img')?.naturalWidth > 0);
        const closed = await cover(page);
        assert.ok(closed.blur >= 12 && closed.grey === 1, 'blurred and grey');
        await page.getByRole('button', { name: 'Open in steps' }).press('Enter');
        await page.getByRole('button', { name: 'Sharper' }).waitFor();
        const half = await cover(page);
        assert.ok(half.blur > 0 && half.blur < closed.blur && half.grey === 1);
        await page.getByRole('button', { name: 'Sharper' }).click();
        await page.getByRole('button', { name: 'In colour' }).waitFor();
        assert.deepEqual(await cover(page), { blur: 0, grey: 1 });
        await page.getByRole('button', { name: 'In colour' }).click();
        await page.getByRole('button', { name: 'In colour' }).waitFor({ state: 'detached' });
        assert.deepEqual(await cover(page), { blur: 0, grey: 0 });
        await page.getByRole('button', { name: 'Cover again' }).click();
        assert.deepEqual(await cover(page), closed);
      });
    });

    test('the picture shown is the server’s own copy, not the evidence', async () => {
      await bench.with(`/items/${item()}`, async (page) => {
        assert.equal(new URL(await page.locator('.cut img').getAttribute('src'), bench.base).pathname, `/api/v1/items/${item()}/image`);
      });
    });

    test('the words read stand beside it, in their order and language', async () => {
      const text = await bench.get(`/items/${item()}/text`);
      await bench.with(`/items/${item()}`, async (page) => {
        const list = page.getByRole('region', { name: 'Words read' });
        await list.waitFor();
        await list.getByText('Machine, unreviewed').waitFor();
        const flat = (it) => it.replace(/\s+/g, ' ').trim();
        assert.deepEqual((await list.locator('.cell').allInnerTexts()).map(flat), text.blocks.map((block) => flat(block.text)));
        assert.ok((await list.locator('.cell').allInnerTexts()).join(' ').includes('Опись не делали'), 'a line of the chat is read');
        assert.equal(await list.locator('.cell').first().getAttribute('lang'), 'ru');
        const [left, right] = [await page.locator('.stage').boundingBox(), await list.boundingBox()];
        assert.ok(right.x >= left.x + left.width - 1 && Math.abs(right.y - left.y) < 2, 'side by side');
      });
    });

    test('a block and its box light each other: pointer, arrows, and places over the picture', async () => {
      const text = await bench.get(`/items/${item()}/text`);
      const boxed = text.blocks.map((block, idx) => [block, idx]).filter(([block]) => block.box !== null);
      assert.ok(boxed.length >= 4);
      await bench.with(`/items/${item()}`, async (page) => {
        const box = (idx) => page.locator(`.sheet button[data-block="${idx}"]`);
        const line = (idx) => page.locator(`.blocks li[data-block="${idx}"]`);
        const lit = (idx) => page.waitForFunction((idx) => [...document.querySelectorAll('[aria-pressed="true"]')].filter((it) => it.closest('.sheet, .blocks')).length === 2
          && document.querySelector(`.sheet button[data-block="${idx}"]`).ariaPressed === 'true' && document.querySelector(`.blocks li[data-block="${idx}"] button`).ariaPressed === 'true', idx);
        await line(boxed[2][1]).hover();
        await lit(boxed[2][1]);
        await box(boxed[1][1]).hover();
        await lit(boxed[1][1]);
        await page.mouse.move(0, 0);
        await page.keyboard.press('ArrowDown');
        await lit(boxed[1][1] + 1);
        await page.keyboard.press('ArrowUp');
        await lit(boxed[1][1]);

        const [width, height] = text.pages[0];
        const sheet = await page.locator('.sheet').boundingBox();
        for (const [block, idx] of boxed) {
          const seen = await box(idx).boundingBox();
          assert.ok(Math.abs((seen.x - sheet.x) / sheet.width - block.box[0] / width) < 0.01, `box ${idx} stands where the words are`);
          assert.ok(Math.abs((seen.y - sheet.y) / sheet.height - block.box[1] / height) < 0.01);
        }
      });
    });

    test('an address with a block lights that block', async () => {
      await bench.with(`/items/${item()}?at=b3`, async (page) => {
        await page.waitForFunction(() => document.querySelector('.blocks li[data-block="3"] button')?.ariaPressed === 'true');
      });
    });

    test('a photograph starts covered too, with what its file says beside it', async () => {
      await bench.with(`/items/${bench.item('yard.jpg').item}`, async (page) => {
        await page.waitForFunction(() => document.querySelector('.cut img')?.naturalWidth > 0);
        const { blur, grey } = await cover(page);
        assert.ok(blur >= 12 && grey === 1);
        await page.getByText('no zone stated').first().waitFor();
      });
    });
  });
}

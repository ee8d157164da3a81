import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { places } from '../lib/places.mjs';

const SIZES = [
  { name: '1440', viewport: { width: 1440, height: 900 } },
  { name: '1280', viewport: { width: 1280, height: 800 } },
  { name: '1100', viewport: { width: 1100, height: 800 } },
  // A window of 1440 by 900 seen at twice its size.
  { name: '200 % zoom', viewport: { width: 720, height: 450 } },
];

/** What reaches out of the window sideways. A strip that may scroll sideways by itself (waveform, wide table) is no fault. */
function sideways() {
  const width = document.documentElement.clientWidth;
  const faults = [];
  const body = document.scrollingElement;
  if (body.scrollWidth > width) faults.push(`the page is ${body.scrollWidth} wide`);
  const main = document.getElementById('page');
  for (const box of [main, ...main.children]) if (box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== 'visible') faults.push(`${box.className} scrolls sideways`);
  const clipped = (it) => {
    for (let up = it.parentElement; up; up = up.parentElement) if (/auto|scroll/.test(getComputedStyle(up).overflowX) && up.scrollWidth > up.clientWidth) return true;
    return false;
  };
  for (const it of document.querySelectorAll('#shell :is(a, button, input, select, h1, h2, p)')) {
    if (!it.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || it.closest('.vh, .skip, .lanes, .lane')) continue;
    const box = it.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 1 || box.left < -1) && !clipped(it)) faults.push(`${it.tagName} “${(it.getAttribute('aria-label') ?? it.innerText).slice(0, 40)}” from ${Math.round(box.left)} to ${Math.round(box.right)}`);
  }
  return faults;
}

export default function layout(bench) {
  describe('layout', () => {
    test('nothing lies beside the window, at any size, in either language', async () => {
      const faults = [];
      for (const place of places(bench)) {
        await bench.with(place.path, async (page) => {
          await place.there(page);
          for (const lang of ['EN', 'УК']) {
            for (const { name, viewport } of SIZES) {
              await page.setViewportSize(viewport);
              await page.getByRole('button', { name: lang, exact: true }).click();
              // What measures itself answers in the frame after the change.
              await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
              for (const fault of await page.evaluate(sideways)) faults.push(`${place.name}, ${name}, ${lang}: ${fault}`);
            }
          }
        });
      }
      assert.deepEqual(faults, []);
    });

    test('the measure itself sees what lies beside the window', async () => {
      await bench.with('/settings', async (page) => {
        await page.locator('dl').waitFor();
        assert.deepEqual(await page.evaluate(sideways), []);
        await page.locator('#page h1').evaluate((it) => (it.style.cssText = 'position: absolute; left: 90vw; width: 20vw'));
        assert.notDeepEqual(await page.evaluate(sideways), []);
      });
    });

    test('below 1180 the rail lies at the bottom and the translation under the words', async () => {
      await bench.with(`/items/${bench.item('call-01.wav').item}`, async (page) => {
        await page.locator('[data-seg="0"] .cell.tr').waitFor();
        const look = () => page.evaluate(() => {
          const box = (selector) => document.querySelector(selector).getBoundingClientRect();
          return { rail: box('.rail').top > box('#page').top + 100, under: box('[data-seg="0"] .cell.tr').top >= box('[data-seg="0"] .cell:not(.tr)').bottom - 1 };
        });
        assert.deepEqual(await look(), { rail: false, under: false });
        await page.setViewportSize({ width: 1100, height: 800 });
        assert.deepEqual(await look(), { rail: true, under: true });
      });
    });
  });
}

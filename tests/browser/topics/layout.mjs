import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { places } from '../lib/places.mjs';

const SIZES = [
  { name: '1440', viewport: { width: 1440, height: 900 } },
  { name: '1280', viewport: { width: 1280, height: 800 } },
  { name: '1100', viewport: { width: 1100, height: 800 } },
  // A window of 1440 by 900 seen at twice its size.
  { name: '200 % zoom', viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 },
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
    for (const { name, ...options } of SIZES) {
      for (const lang of ['en-GB', 'uk-UA']) {
        test(`nothing lies beside the window at ${name}, ${lang}`, async () => {
          const faults = [];
          for (const place of places(bench)) {
            await bench.with(place.path, async (page) => {
              await place.there(page);
              for (const fault of await page.evaluate(sideways)) faults.push(`${place.name}: ${fault}`);
            }, { ...options, locale: lang });
          }
          assert.deepEqual(faults, []);
        });
      }
    }
  });
}

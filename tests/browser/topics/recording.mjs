import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MENDED, TWICE } from '../lib/case.mjs';

const ready = (page) => page.getByRole('button', { name: 'Play', exact: true }).and(page.locator(':enabled')).waitFor();
const soundAt = (page) => page.evaluate(() => window.seen.sounds.at(-1).currentTime * 1000);
const letters = (text) => text.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
const row = (page, idx) => page.locator(`[data-seg="${idx}"]`);

export default function recording(bench) {
  const call = () => bench.item('call-01.wav').item;
  const words = () => bench.get(`/items/${call()}/transcript`);

  describe('recording', () => {
    test('opens silent: nothing plays, nothing is wired for sound', async () => {
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        await row(page, 0).waitFor();
        const state = await page.evaluate(() => ({ n: window.seen.sounds.length, plays: window.seen.plays, contexts: window.seen.contexts, paused: window.seen.sounds.every((sound) => sound.paused && !sound.autoplay), at: window.seen.sounds[0]?.currentTime }));
        assert.deepEqual(state, { n: 1, plays: 0, contexts: 0, paused: true, at: 0 });
        assert.equal(await page.locator('audio[autoplay], video[autoplay]').count(), 0);
      });
    });

    test('the waveform is drawn, one lane for each channel', async () => {
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        const lanes = page.locator('.lane canvas');
        assert.equal(await lanes.count(), 2);
        await page.waitForFunction(() => [...document.querySelectorAll('.strip canvas')].every((canvas) => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let painted = 0;
          for (let idx = 3; idx < data.length; idx += 4) if (data[idx] > 0) painted++;
          return painted > canvas.width;
        }));
        // The lanes are of different voices, so they are not one picture drawn twice.
        const [a, b] = await lanes.evaluateAll((all) => all.map((canvas) => canvas.toDataURL()));
        assert.notEqual(a, b);
        const slider = page.getByRole('slider', { name: 'Place in the recording' });
        assert.equal(await slider.getAttribute('aria-valuemax'), String(bench.item('call-01.wav').duration_ms));
      });
    });

    test('a click on a word seeks to its start', async () => {
      const { segments } = await words();
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        for (const [idx, place] of [[4, 2], [1, 1], [7, 3]]) {
          const word = segments[idx].words[place];
          await row(page, idx).locator(`[data-word="${place}"]`).click();
          await page.waitForFunction((ms) => Math.abs(window.seen.sounds.at(-1).currentTime * 1000 - ms) < 5 && !window.seen.sounds.at(-1).seeking, word.start_ms);
          await page.locator(`[data-seg="${idx}"][aria-current="true"] [data-word="${place}"].now`).waitFor();
          assert.equal(letters(await row(page, idx).locator(`[data-word="${place}"]`).innerText()), letters(word.text));
        }
        assert.equal(await page.evaluate(() => window.seen.plays), 0, 'a click seeks and does not play');
      });
    });

    test('words follow the sound', async () => {
      const { segments } = await words();
      const first = segments.findIndex((segment) => segment.words.length >= 5);
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        await row(page, first).locator('[data-word="0"]').click();
        await page.keyboard.press('Space');
        await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
        // Looks at every frame until five different words have been lit, each with the clock of the sound.
        const lit = await page.evaluate(() => new Promise((resolve, reject) => {
          const found = new Map();
          const end = performance.now() + 30_000;
          const look = () => {
            const ms = window.seen.sounds.at(-1).currentTime * 1000;
            for (const word of document.querySelectorAll('.w.now')) {
              const key = `${word.closest('[data-seg]').dataset.seg} ${word.dataset.word}`;
              if (!found.has(key)) found.set(key, ms);
            }
            if (found.size >= 5) resolve([...found]);
            else if (performance.now() > end) reject(new Error(`only ${found.size} words were lit`));
            else requestAnimationFrame(look);
          };
          look();
        }));
        let before = 0;
        for (const [key, ms] of lit) {
          const [idx, place] = key.split(' ').map(Number);
          const word = segments[idx].words[place];
          assert.ok(ms >= word.start_ms - 60 && ms <= Math.max(word.end_ms, segments[idx].words[place + 1]?.start_ms ?? segments[idx].end_ms) + 250, `word ${key} (${word.start_ms} to ${word.end_ms}) is lit at ${ms}`);
          assert.ok(ms >= before);
          before = ms;
        }
        await page.keyboard.press('Space');
        await page.waitForFunction(() => window.seen.sounds.at(-1).paused);
        const stopped = await soundAt(page);
        assert.ok(stopped > segments[first].words[0].start_ms + 300, 'the sound went on');
        await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
      });
    });

    test('keys move by word, segment and two seconds', async () => {
      const { segments } = await words();
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        await row(page, 0).waitFor();
        const at = (ms) => page.waitForFunction((ms) => Math.abs(window.seen.sounds.at(-1).currentTime * 1000 - ms) < 5, ms);
        await row(page, 3).locator('[data-word="0"]').click();
        await at(segments[3].words[0].start_ms);
        await page.keyboard.press('ArrowRight');
        await at(segments[3].words[0].start_ms + 2000);
        await page.keyboard.press('ArrowLeft');
        await at(segments[3].words[0].start_ms);
        await page.keyboard.press('Shift+ArrowRight');
        await at(segments.flatMap((segment) => segment.words).map((word) => word.start_ms).toSorted((a, b) => a - b).find((ms) => ms > segments[3].words[0].start_ms + 1));
        await page.keyboard.press('ArrowDown');
        await page.locator('[data-seg="4"][aria-current="true"]').waitFor();
      });
    });

    test('machine text says that it is unreviewed, and stands beside its translation', async () => {
      const transcript = await words();
      await bench.with(`/items/${call()}`, async (page) => {
        const text = page.getByRole('region', { name: 'Transcript' });
        await text.getByText(/^Machine, unreviewed from here, \d+ segments/).waitFor();
        assert.equal(await page.locator('[data-seg]').count(), transcript.segments.length);
        await text.getByText(`0 of ${transcript.segments.length} reviewed`).waitFor();
        const idx = transcript.segments.findIndex((segment) => segment.language === 'ru' && segment.translations.en && !segment.flags.includes('no-speech'));
        assert.ok(idx >= 0, 'the sample has Russian speech with a translation');
        const segment = transcript.segments[idx];
        assert.equal(segment.translations.en.reviewed, false);
        assert.equal((await row(page, idx).locator('.cell:not(.tr)').innerText()).trim(), segment.text.trim());
        assert.equal(await row(page, idx).locator('.cell:not(.tr)').getAttribute('lang'), 'ru');
        assert.equal((await row(page, idx).locator('.cell.tr').innerText()).trim(), segment.translations.en.text.trim());
        assert.equal(await row(page, idx).locator('.cell.tr').getAttribute('lang'), 'en');
        assert.match(await text.locator('.hd').innerText(), /English, machine, unreviewed/);
        await page.keyboard.press('t');
        await page.locator('.cell.tr').first().waitFor({ state: 'detached' });
        await page.keyboard.press('t');
        await page.locator('.cell.tr').first().waitFor();
      });
    });

    test('where a second hearing has other words, both are there', async () => {
      const { item } = bench.item(TWICE);
      const { segments } = await bench.get(`/items/${item}/transcript`);
      const differ = segments.map((segment, idx) => ({ segment, idx })).filter(({ segment }) => segment.second);
      assert.ok(differ.length > 0, 'two hearings of telephone speech differ somewhere');
      assert.deepEqual(differ.map(({ idx }) => idx), segments.map((segment, idx) => (segment.flags.includes('disagreement') ? idx : -1)).filter((idx) => idx >= 0));
      await bench.with(`/items/${item}`, async (page) => {
        await page.locator('[data-seg]').first().waitFor();
        assert.equal(await page.locator('.second').count(), differ.length);
        for (const { segment, idx } of differ) {
          const shown = await row(page, idx).locator('.second').innerText();
          assert.equal(shown.replace(/^Second hearing:\s*/, '').trim(), segment.second.text || 'The second hearing has no words here');
          await row(page, idx).getByText('engines disagree').waitFor();
        }
      });
    });

    test('what a person mended is theirs, and the rest stays the machine’s', async () => {
      const { item } = bench.item(MENDED.title);
      const now = await bench.get(`/items/${item}/transcript`);
      const machine = await bench.get(`/items/${item}/transcript?revision=machine`);
      const idx = now.segments.findIndex((segment) => segment.revision === 1);
      assert.ok(idx >= 0 && now.segments[idx].text.includes(MENDED.word) && !now.reviewed);
      assert.ok(machine.revision === undefined && !machine.segments[idx].text.includes(MENDED.word));
      // Words that stayed keep the times that were measured; the new one has none.
      assert.deepEqual(now.segments[idx].words.map((word) => word.start_ms), machine.segments[idx].words.map((word) => word.start_ms));
      await bench.with(`/items/${item}`, async (page) => {
        const text = page.getByRole('region', { name: 'Transcript' });
        await text.getByText('revision 1 by person:owner').waitFor();
        await text.getByText(`1 of ${now.segments.length} reviewed`).waitFor();
        assert.equal((await row(page, idx).locator('.cell.p').innerText()).trim(), now.segments[idx].text);
        assert.equal(await row(page, idx).locator('[data-word]').count(), machine.segments[idx].words.length);
        assert.equal(await page.locator('.cell.p').count(), 1);
      });
    });

    test('a segment is mended in place, said to be right, and both are taken back', async () => {
      const { item } = bench.item(MENDED.title);
      const latest = () => bench.get(`/items/${item}/transcript`);
      const before = await latest();
      const idx = before.segments.findIndex((segment) => segment.revision === undefined && !segment.flags.includes('no-speech') && segment.words.length > 1);
      const { text, id } = before.segments[idx];
      const unreviewed = async () => (await bench.get('/case')).unreviewed_segments;
      // The case's numbers are kept for a while where they took long to count.
      const becomes = async (n, why) => {
        for (const end = performance.now() + 10_000; performance.now() < end && (await unreviewed()) !== n; ) await new Promise((go) => setTimeout(go, 100));
        assert.equal(await unreviewed(), n, why);
      };
      const all = await unreviewed();
      await bench.with(`/items/${item}`, async (page) => {
        await ready(page);
        const cell = row(page, idx).locator('.cell:not(.tr)');
        await row(page, idx).locator('.at').click();
        await page.locator(`[data-seg="${idx}"][aria-current="true"]`).waitFor();
        await page.locator('body').press('e');
        const field = page.getByRole('textbox', { name: 'Words of the segment' });
        assert.equal(await field.inputValue(), text);
        // Leaving what is as it was saves nothing.
        await field.press('Escape');
        await field.waitFor({ state: 'detached' });
        assert.equal((await latest()).revision.number, before.revision.number);
        await page.locator('body').press('e');
        await field.fill(`${text} (тихо)`);
        await field.press('Enter');
        const { number } = await page.waitForFunction(() => document.querySelector('.saved p')?.textContent).then(async () => (await latest()).revision);
        await page.getByText(`Saved as revision ${number}`).waitFor();
        const now = await latest();
        assert.deepEqual([now.segments[idx].text, now.segments[idx].revision, now.revision.over], [`${text} (тихо)`, number, before.revision.number]);
        await row(page, idx).locator('.cell.p').waitFor();
        assert.equal((await cell.innerText()).trim(), `${text} (тихо)`);
        // Somebody who still looks at the text below is told.
        const stale = await page.evaluate(async ([item, over, id]) => {
          const { csrf } = await (await fetch('/api/v1/session')).json();
          const answer = await fetch(`/api/v1/items/${item}/revisions`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Zapys-Csrf': csrf }, body: JSON.stringify({ over, changes: [{ segment: id, text: 'x' }] }) });
          return [answer.status, (await answer.json()).code];
        }, [item, before.revision.number, id]);
        assert.deepEqual(stale, [409, 'stale-revision']);
        await page.getByRole('button', { name: 'Take back' }).click();
        await page.getByText(`Saved as revision ${number}`).waitFor({ state: 'detached' });
        assert.deepEqual([(await latest()).segments[idx].text, (await latest()).revision.number], [text, before.revision.number]);
        // Heard, and right as it stands.
        await row(page, idx).locator('.at').click();
        await page.locator('body').press('r');
        await row(page, idx).locator('.cell.p').waitFor();
        assert.equal((await latest()).segments[idx].text, text);
        await becomes(all - 1, 'the case counts what people confirmed');
        await page.locator(`[data-seg="${Math.min(idx + 1, before.segments.length - 1)}"][aria-current="true"]`).waitFor();
        await page.getByRole('button', { name: 'Take back' }).click();
        await row(page, idx).locator('.cell.m').first().waitFor();
      }, { forgive: (text) => /409 \(Conflict\)/.test(text) });
      assert.equal((await latest()).revision.number, before.revision.number);
      await becomes(all, 'and what they took back');
    });

    test('first listening is blind: the page never has the words of others', async () => {
      const { item } = bench.item(MENDED.title);
      const { segments } = await bench.get(`/items/${item}/transcript`);
      await bench.with(`/items/${item}`, async (page) => {
        await ready(page);
        await row(page, 0).waitFor();
        await page.getByRole('button', { name: 'Blind', exact: true }).click();
        await page.getByText('Words of machines and of others are withheld').waitFor();
        const bodies = [];
        page.on('response', async (response) => {
          if (response.url().includes('/api/')) bodies.push(await response.text().catch(() => ''));
        });
        await page.reload();
        await page.getByText(`Written by ear: 0 of ${segments.length}`).waitFor();
        await page.getByText('shown to you before').waitFor();
        const said = segments.map((segment) => segment.text).filter((text) => text.length > 8);
        assert.ok(said.length > 0 && bodies.length > 2);
        const shown = await page.content();
        for (const text of said) assert.ok(!shown.includes(text) && bodies.every((body) => !body.includes(text)), 'a word of the machine reached the page');
        await row(page, 0).locator('.at').click();
        await page.locator('body').press('e');
        const field = page.getByRole('textbox', { name: 'What do you hear?' });
        await field.fill('чую кроки');
        await field.press('Enter');
        // The next one opens by itself.
        await page.locator('[data-seg="1"] textarea').waitFor();
        await field.press('Escape');
        await page.getByText(`Written by ear: 1 of ${segments.length}`).waitFor();
        assert.equal((await row(page, 0).locator('.cell').innerText()).trim(), 'чую кроки');
        // It stands beside the text that was mended, not in its place.
        const [newest] = (await bench.get(`/items/${item}/revisions`)).revisions.slice(-1);
        assert.deepEqual([newest.manner, newest.unseen, newest.over], ['listening', false, null]);
        assert.equal((await bench.get(`/items/${item}/transcript`)).revision.manner, 'correction');
        await page.getByRole('button', { name: 'Take back' }).click();
        await page.getByText(`Written by ear: 0 of ${segments.length}`).waitFor();
        await page.getByRole('button', { name: 'Show all words' }).click();
        await row(page, 0).getByText(segments[0].text.split(' ')[0]).first().waitFor();
      });
    });

    test('two texts stand side by side where they differ, and a decision between them is a revision with its reason', async () => {
      const { item } = bench.item(MENDED.title);
      const latest = () => bench.get(`/items/${item}/transcript`);
      const before = await latest();
      const machine = await bench.get(`/items/${item}/transcript?revision=machine`);
      const idx = before.segments.findIndex((segment) => segment.revision === 1);
      await bench.with(`/items/${item}`, async (page) => {
        await ready(page);
        await page.getByRole('button', { name: 'Compare' }).click();
        const view = page.getByRole('region', { name: 'Compare' });
        await view.getByRole('listitem').first().waitFor();
        assert.equal(await view.getByRole('listitem').count(), 1);
        assert.deepEqual(await view.locator('mark').allInnerTexts(), [MENDED.word]);
        assert.ok((await view.innerText()).includes(machine.segments[idx].text));
        const save = view.getByRole('button', { name: 'Put the decision on record' });
        assert.ok(await save.isDisabled());
        await view.getByRole('radio', { name: 'Text A' }).check();
        assert.ok(await save.isDisabled(), 'a decision has a reason');
        await view.getByRole('textbox', { name: 'Reason' }).fill('Both listened again.');
        await save.click();
        await row(page, idx).locator('.cell.p').waitFor();
        const { revision, segments } = await latest();
        assert.deepEqual([revision.manner, revision.reason, revision.over, segments[idx].text], ['adjudication', 'Both listened again.', before.revision.number, machine.segments[idx].text]);
        const status = await page.evaluate(async ([item, record]) => {
          const { csrf } = await (await fetch('/api/v1/session')).json();
          return (await fetch(`/api/v1/items/${item}/records`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Zapys-Csrf': csrf }, body: JSON.stringify({ kind: 'revision', corrects: record, because: 'a test' }) })).status;
        }, [item, revision.record]);
        assert.equal(status, 200);
      });
      assert.equal((await latest()).revision.number, before.revision.number);
    });

    test('an address with a segment opens at that segment, silent', async () => {
      const { segments } = await words();
      const idx = segments.length - 1;
      await bench.with(`/items/${call()}?at=${segments[idx].id}`, async (page) => {
        await ready(page);
        await page.locator(`[data-seg="${idx}"][aria-current="true"]`).waitFor();
        await page.waitForFunction((idx) => {
          const row = document.querySelector(`[data-seg="${idx}"]`).getBoundingClientRect();
          const box = document.querySelector('[data-seg]').closest('section').getBoundingClientRect();
          return row.top >= box.top && row.bottom <= box.bottom + 1;
        }, idx);
        await page.waitForFunction((ms) => Math.abs(window.seen.sounds.at(-1).currentTime * 1000 - ms) < 20, segments[idx].start_ms);
        assert.equal(await page.evaluate(() => window.seen.plays), 0);
      });
    });

    test('whoever listens first finds no words of recordings either', async () => {
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        await page.getByRole('button', { name: 'Blind', exact: true }).click();
        await page.getByText('Words of machines and of others are withheld').waitFor();
        await page.getByRole('link', { name: 'Search' }).click();
        await page.locator('#page input[type="search"]').fill('конференция');
        await page.keyboard.press('Enter');
        await page.getByText('No place found for these words').waitFor();
        await page.getByRole('button', { name: 'End blind listening' }).click();
        await page.locator('[data-hit]').first().waitFor();
      });
    });

    test('a whole voice is given to another in one step, and the words stay the machine\'s', async () => {
      const before = await words();
      const own = (transcript, id) => transcript.segments.filter((segment) => segment.speaker === id).length;
      const idx = before.segments.findIndex((segment) => segment.speaker === 'B' && segment.revision === undefined);
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        await row(page, idx).locator('.at').click();
        await page.locator(`[data-seg="${idx}"][aria-current="true"]`).waitFor();
        await page.locator('body').press('e');
        assert.equal(await page.getByRole('combobox', { name: 'For which segments' }).count(), 0, 'not asked while the voice stays');
        await page.getByRole('combobox', { name: 'Voice', exact: true }).selectOption('A');
        await page.getByRole('combobox', { name: 'For which segments' }).selectOption({ label: `all ${own(before, 'B')} of B` });
        await page.getByRole('button', { name: /^Save/ }).click();
        await page.getByText(/Saved as revision \d+/).waitFor();
        const now = await words();
        assert.deepEqual([own(now, 'A'), own(now, 'B')], [own(before, 'A') + own(before, 'B'), 0]);
        const mine = (transcript) => transcript.segments.filter((segment) => segment.revision !== undefined).length;
        assert.equal(mine(now), mine(before), 'nobody has said that the words are right');
        await page.getByRole('button', { name: 'Take back' }).click();
        await page.getByText(/Saved as revision/).waitFor({ state: 'detached' });
      });
      assert.equal(own(await words(), 'B'), own(before, 'B'));
    });

    test('a clearer copy sounds from the same place on, and says that a machine changed it', async () => {
      const { segments } = await words();
      const start = segments[4].words[0].start_ms;
      await bench.with(`/items/${call()}`, async (page) => {
        await ready(page);
        const clearer = page.getByRole('button', { name: 'Clearer', exact: true });
        const sounds = (copy) => page.waitForFunction(([end, ms]) => {
          const sound = window.seen.sounds.at(-1);
          return sound.src.endsWith(end) && sound.readyState >= 1 && !sound.seeking && sound.currentTime * 1000 > ms - 5 ? true : null;
        }, [copy, start]);
        await row(page, 4).locator('[data-word="0"]').click();
        await sounds('/media');
        await clearer.click();
        await sounds('/enhanced');
        assert.ok(Math.abs((await soundAt(page)) - start) < 5, 'the place stays');
        await page.getByText('changed by machine', { exact: true }).waitFor();
        assert.equal(await page.evaluate(() => window.seen.plays), 0, 'what was silent stays silent');
        await page.getByRole('button', { name: 'Play', exact: true }).click();
        await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
        await clearer.click();
        await sounds('/media');
        await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
        assert.equal(await page.getByText('changed by machine', { exact: true }).count(), 0);
        assert.equal(await page.evaluate(() => window.seen.sounds.length), 1);
      });
    });

    test('voices much like one of another recording are suggested, and a person decides with a reason', async () => {
      await bench.with(`/items/${call()}`, async (page) => {
        await page.getByRole('tab', { name: /^Voices/ }).click();
        const panel = page.getByRole('tabpanel');
        const pair = panel.getByRole('listitem').filter({ hasText: 'A here and A in' }).filter({ hasText: 'call-02.wav' });
        await pair.getByText('suggested by machine').waitFor();
        assert.match(await pair.innerText(), /So alike .+ times likelier of one person than of two/);
        assert.match(await panel.innerText(), /Listen to both; a likeness alone names nobody/);

        await pair.getByRole('button', { name: 'One person…' }).click();
        const put = pair.getByRole('button', { name: 'Put on record' });
        assert.equal(await put.isDisabled(), true, 'not without a reason');
        await pair.getByLabel('What it rests on').fill('The same lisp in both.');
        await put.click();
        await pair.getByText('confirmed: one person').waitFor();
        assert.match(await pair.innerText(), /person:owner.*The same lisp in both\./s);
        const [decided] = (await bench.get(`/items/${call()}/voices`)).pairs.filter((it) => it.status === 'confirmed');
        assert.deepEqual(decided.speakers.map((it) => it.title).sort(), ['call-01.wav', 'call-02.wav']);

        await pair.getByRole('button', { name: 'Take back…' }).click();
        await pair.getByLabel('Why it is taken back').fill('Heard again.');
        await pair.getByRole('button', { name: 'Put on record' }).click();
        await pair.getByText('suggested by machine').waitFor();
        await pair.getByRole('link', { name: 'call-02.wav' }).click();
        await page.getByRole('heading', { level: 1, name: 'call-02.wav' }).waitFor();
      });
    });

    test('the panel says where it came from and how the words came about', async () => {
      const detail = await bench.get(`/items/${call()}`);
      await bench.with(`/items/${call()}`, async (page) => {
        const panel = page.getByRole('complementary');
        await panel.getByText('Sample').first().waitFor();
        const engine = detail.derivatives.find((it) => it.derivation === 'transcript').engine;
        assert.ok((await panel.innerText()).includes(engine.model ?? engine.name), 'the model is named');
      });
    });
  });
}

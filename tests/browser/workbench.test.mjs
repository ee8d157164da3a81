// The workbench as a person meets it: one real case behind the real binary, looked at in Chromium.

import { after, afterEach, before, describe } from 'node:test';
import { Bench } from './lib/bench.mjs';
import access from './topics/access.mjs';
import custody from './topics/custody.mjs';
import entry from './topics/entry.mjs';
import glossary from './topics/glossary.mjs';
import inert from './topics/inert.mjs';
import intake from './topics/intake.mjs';
import layout from './topics/layout.mjs';
import library from './topics/library.mjs';
import reading from './topics/reading.mjs';
import recording from './topics/recording.mjs';
import screenshot from './topics/screenshot.mjs';
import search from './topics/search.mjs';
import translating from './topics/translating.mjs';
import settings from './topics/settings.mjs';

describe('workbench', { concurrency: 1, timeout: 900_000 }, () => {
  const bench = new Bench();
  before(() => bench.open(), { timeout: 600_000 });
  afterEach(() => bench.watch.settle());
  after(() => bench.close());

  // The first uses the one-time link; the one that adds to the case comes last.
  for (const topic of [entry, library, recording, glossary, screenshot, reading, inert, search, translating, custody, settings, layout, access, intake]) topic(bench);
});

// The workbench of an encrypted case: locked, unlocked, locked again.

import { after, afterEach, before, describe } from 'node:test';
import { Bench } from './lib/bench.mjs';
import { contextOf } from './lib/browser.mjs';
import disposal from './topics/disposal.mjs';
import idle from './topics/idle.mjs';
import locking from './topics/locking.mjs';
import unlocking from './topics/unlocking.mjs';
import ways from './topics/ways.mjs';

describe('workbench of an encrypted case', { concurrency: 1, timeout: 600_000 }, () => {
  const bench = new Bench();
  before(
    async () => {
      await bench.open({ encrypted: true });
      await bench.enter(await contextOf(bench.browser, bench.watch));
    },
    { timeout: 300_000 },
  );
  afterEach(() => bench.watch.settle());
  after(() => bench.close());

  // The first finds it locked; the last destroys something, and the one before it serves the case anew.
  for (const topic of [unlocking, locking, ways, idle, disposal]) topic(bench);
});

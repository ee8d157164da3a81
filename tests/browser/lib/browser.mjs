// Chromium, and what is watched in all of it: where requests go, what the console says, whether sound starts.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const WIDE = { width: 1440, height: 900 };
/** Long enough for two busy processors; nothing waits for it to pass. */
export const PATIENCE = 20_000;
const LOCKED = /^Failed to load resource.*\b423\b/;

export function launch() {
  return chromium.launch({
    executablePath: process.env.ZAPYS_CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
}

/** Runs in every page before the page's own scripts: notes what the page does that cannot be seen from outside. */
function witness() {
  window.seen = { sounds: [], plays: 0, contexts: 0, violations: [] };
  // The player's element never enters the document.
  window.Audio = class extends window.Audio {
    constructor(...args) {
      super(...args);
      window.seen.sounds.push(this);
    }
  };
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    window.seen.plays++;
    return play.call(this);
  };
  window.AudioContext = class extends window.AudioContext {
    constructor(...args) {
      super(...args);
      window.seen.contexts++;
    }
  };
  document.addEventListener('securitypolicyviolation', (e) => window.seen.violations.push(`${e.effectiveDirective} ${e.blockedURI}`));
}

/** Everything that any page of a run asked for or complained about. */
export class Watch {
  requests = [];
  complaints = [];
  #base;
  #locks;

  /** `locks`: the case is one that can be locked. */
  constructor(base, locks = false) {
    this.#base = base;
    this.#locks = locks;
  }

  /** Watches `context`. `forgive` tells which complaints belong to the test.
   *  What a page had asked for when its case was locked is refused, and the browser notes that by itself: where a case can be
   *  locked it is forgiven. */
  over(context, forgive = () => false) {
    context.on('request', (request) => this.requests.push(request.url()));
    context.on('console', (message) => {
      // A remark on tests that look at what was drawn more than once.
      if (message.text().startsWith('Canvas2D: Multiple readback')) return;
      const text = `${message.text()} (${message.location().url})`;
      if ((message.type() === 'error' || message.type() === 'warning') && !(this.#locks && LOCKED.test(text)) && !forgive(text)) this.complaints.push(text);
    });
    context.on('weberror', (fault) => this.complaints.push(String(fault.error())));
  }

  outside() {
    return this.requests.filter((url) => !url.startsWith(`${this.#base}/`) && !/^(data|blob|about):/.test(url));
  }

  /** Fails where a page complained since the last time. */
  settle() {
    const complaints = this.complaints.splice(0);
    assert.deepEqual(complaints, [], 'the console is silent');
    assert.deepEqual(this.outside(), [], 'nothing leaves the machine');
  }
}

/** A context with its own storage; `state` carries a session over; `deaf` keeps the stream of events away. */
export async function contextOf(browser, watch, { state, forgive, deaf = false, ...options } = {}) {
  const context = await browser.newContext({ locale: 'en-GB', viewport: WIDE, colorScheme: 'light', reducedMotion: 'reduce', storageState: state, ...options });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(witness);
  watch.over(context, forgive);
  // A page that hears nothing of what happens elsewhere.
  if (deaf) await context.route('**/api/v1/events', (route) => route.abort());
  return context;
}

/** Waits until `look()` gives something true, and gives that. For what is outside the page; pages have their own ways. */
export async function until(look, what) {
  const end = Date.now() + 4 * PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never came about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

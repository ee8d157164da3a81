// One case, one browser, one session, for all tests of a run.

import { contextOf, launch, Watch } from './browser.mjs';
import { serveCase } from './case.mjs';

export class Bench {
  /** Opens everything. The one-time link is left unused for the test that is about it. */
  async open(options) {
    this.locks = options?.encrypted ?? false;
    this.served = await serveCase(options);
    try {
      this.base = this.served.base;
      this.watch = new Watch(this.base, this.locks);
      this.browser = await launch();
    } catch (cause) {
      await this.served.stop();
      throw cause;
    }
    return this;
  }

  async close() {
    await this.browser?.close();
    await this.served?.stop();
  }

  /** Uses the one-time link, and keeps the session for every later context. */
  async enter(context) {
    const page = await context.newPage();
    const answer = await page.goto(this.served.link);
    this.state = { cookies: await context.cookies(), origins: [] };
    this.api = context.request;
    if (!(await this.get('/session')).locked) await this.learn();
    return { page, answer };
  }

  /** What is in the case. */
  async learn() {
    this.name = (await this.get('/session')).name;
    const { items } = await this.get('/items?limit=200');
    this.items = new Map(items.map((item) => [item.title, item]));
    if (this.items.size !== items.length) throw new Error('two items of the case have one name');
  }

  /** Opens an encrypted case without a browser, where it is locked. */
  async unlock() {
    if ((await this.get('/session')).locked) await this.post('/unlock', { key_file: this.served.key.toString('base64') });
    await this.learn();
  }

  /** Serves the same case anew. */
  async again(settings) {
    Object.assign(this.served, await this.served.again(settings));
    this.base = this.served.base;
    this.watch.settle();
    this.watch = new Watch(this.base, this.locks);
    await this.enter(await contextOf(this.browser, this.watch));
  }

  async get(path) {
    const answer = await this.api.get(`${this.base}/api/v1${path}`);
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  }

  async post(path, data) {
    const { csrf } = await this.get('/session');
    const answer = await this.api.post(`${this.base}/api/v1${path}`, { data, headers: { 'X-Zapys-Csrf': csrf } });
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  }

  item(title) {
    const item = this.items.get(title);
    if (!item) throw new Error(`no item is called ${title}; there are ${[...this.items.keys()].join(', ')}`);
    return item;
  }

  /** A page of its own context, with the session. */
  async page(path, options) {
    const context = await contextOf(this.browser, this.watch, { state: this.state, ...options });
    const page = await context.newPage();
    await page.goto(this.base + path);
    return page;
  }

  /** The same, closed afterwards; what ran of the evidence, or broke the policy, fails it. */
  async with(path, look, options) {
    const page = await this.page(path, options);
    try {
      await look(page);
      const { ran, violations } = await page.evaluate(() => ({ ran: window.ran ?? null, violations: window.seen.violations }));
      if (ran !== null) throw new Error(`evidence ran in the page: ${ran}`);
      if (violations.length > 0) throw new Error(`against the content policy: ${violations.join(', ')}`);
      if ((await page.title()) !== 'zapys') throw new Error(`the window is called ${await page.title()}`);
    } finally {
      await page.context().close();
    }
  }
}

// The case that every test looks at: made with the real binary, processed with the real engines, served by `zapys serve`.
//
// ZAPYS_BIN     the binary (otherwise the workspace's own build)
// ZAPYS_HOSTS   the folder of its sandboxed hosts (otherwise the folder of the binary)
// ZAPYS_SAMPLE  the folder of the sample (otherwise `sample/` of the workspace, made by `cargo xtask sample`)
// ZAPYS_BROWSER_CASE   a case to begin from; it is copied, and only what it lacks is added and processed

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { access, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** Evidence that tries to run. Whatever of it ran would set `window.ran`. */
export const HOSTILE = {
  html: 'hostile-page.html',
  text: 'hostile-note.txt',
  named: '<img src=x onerror=window.ran=3>.txt',
  /** Words of the note that must be seen as letters. */
  letters: ['<img src=x onerror="window.ran=1">', '<script>window.ran=2</script>', '<b>not bold</b>'],
};

const hostilePage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Notice <script>window.ran=4</script></title>
<script>window.ran = 5; fetch('https://outside.example/seen');</script>
<style>body { display: none } @import url("https://outside.example/look.css");</style>
<link rel="stylesheet" href="https://outside.example/look.css"><meta http-equiv="refresh" content="0;url=https://outside.example/">
</head><body onload="window.ran=6"><article><h1>Notice of the museum</h1>
<p>The collection moved to the new building on Friday, says the keeper of the museum, and every crate was counted twice before the doors were closed.</p>
<p>A visitor wrote: &lt;img src=x onerror="window.ran=7"&gt; and nobody knew what that was meant to say about the crates in the yard.</p>
<img src="x" onerror="window.ran=8"><iframe src="javascript:parent.ran=9"></iframe><svg onload="window.ran=10"><script>window.ran=11</script></svg>
<a href="javascript:window.ran=12">More about the crates</a>
<form action="https://outside.example/take"><button>Send</button></form>
<p>The keeper said that the list of the crates would be shown to everyone who asks, and that visitors are welcome again from Monday morning.</p>
</article></body></html>
`;

async function firstOf(paths, what) {
  for (const candidate of paths) {
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // The next place may have it.
    }
  }
  throw new Error(`${what} is not at ${paths.join(' or ')}`);
}

async function writeHostile(folder) {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, HOSTILE.html), hostilePage);
  await writeFile(path.join(folder, HOSTILE.text), `A note that was handed in.\n\n${HOSTILE.letters.join('\n\n')}\n\nEnd of the note.\n`);
  await writeFile(path.join(folder, HOSTILE.named), 'A file whose name is not a name.\n');
}

/** What an encrypted case of these tests is opened with. */
export const PASSPHRASE = 'кит lantern seventeen віконце drum';
/** Part of the evidence is enough where evidence is not the point. */
const FEW = ['call-02.wav', 'origin.html', 'chat-light.png', 'calls.csv'];

/** The recording whose words somebody mended, and the word that they heard where the machine heard none. */
export const MENDED = { title: 'call-02.wav', word: '(нерозбірливо)' };

/** The recording that was heard twice. */
export const TWICE = 'voice-note.ogg';

/** Makes and serves a case. `stop()` ends the server and removes every trace; `again(settings)` ends it and starts it anew.
 *  `encrypted`: a case that opens with `PASSPHRASE` or with the bytes `key`, served locked. */
export async function serveCase({ hostile = true, encrypted = false } = {}) {
  const bin = await firstOf(process.env.ZAPYS_BIN ? [path.resolve(process.env.ZAPYS_BIN)] : [path.join(root, 'target/debug/zapys'), path.join(root, 'target/release/zapys')], 'the zapys binary');
  const evidence = await firstOf([path.resolve(process.env.ZAPYS_SAMPLE || path.join(root, 'sample'), 'evidence')], 'the sample evidence (`cargo xtask sample` makes it)');
  const env = { ...process.env, ZAPYS_HOSTS: path.resolve(process.env.ZAPYS_HOSTS || path.dirname(bin)) };
  for (const name of ['ZAPYS_PASSPHRASE_FILE', 'ZAPYS_KEY_FILE']) delete env[name];
  const folder = await mkdtemp(path.join(tmpdir(), 'zapys-browser-'));
  const dir = path.join(folder, 'case');
  const key = randomBytes(64);
  const opens = encrypted ? ['--key-file', path.join(folder, 'key')] : [];
  // Where the evidence lies on this machine is nobody's business: paths stay as they were given.
  const zapys = (...args) => run(bin, [...opens, ...args], { env, cwd: path.dirname(evidence), maxBuffer: 64 << 20 });
  let server = null;

  async function endOf(program) {
    if (program && program.exitCode === null && program.signalCode === null) {
      const ended = once(program, 'exit');
      program.kill('SIGTERM');
      await ended;
    }
  }
  async function stop() {
    await endOf(server);
    await rm(folder, { recursive: true, force: true });
  }
  /** Starts a server and waits until it listens. */
  async function begin(settings, args) {
    const started = spawn(bin, [...args, '-C', dir, 'serve', '--listen', '127.0.0.1:0', '--json'], { env: { ...env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    started.stderr.on('data', (part) => (said = (said + part).slice(-4000)));
    const lines = createInterface({ input: started.stdout });
    const first = await Promise.race([once(lines, 'line').then(([line]) => line), once(started, 'exit').then(() => null)]);
    if (first === null) throw new Error(`the server ended before it listened: ${said}`);
    const { listening, link, locked } = JSON.parse(first);
    return { started, base: `http://${listening}`, link, locked };
  }
  /** Serves the case; an encrypted one locked, since nobody gives a passphrase. */
  async function serve(settings = {}) {
    const { started, ...served } = await begin(settings, []);
    server = started;
    return served;
  }
  /** Another program that works on the same case. */
  async function second() {
    const { started } = await begin({}, opens);
    return { stop: () => endOf(started) };
  }
  /** Somebody mends the first words of a call in another program, and they become a revision. */
  async function mend() {
    const { stdout } = await zapys('-C', dir, 'items', '--json');
    const { item } = stdout.trim().split('\n').map((line) => JSON.parse(line)).find(({ title }) => title === MENDED.title);
    const subtitles = path.join(folder, 'mended.srt');
    const { stdout: written } = await zapys('-C', dir, 'transcript', item, '--format', 'srt', '--revision', 'machine');
    await writeFile(subtitles, written.replace(/(\[Machine, unreviewed\] (?:[A-Z]: )?\S+)/, `$1 ${MENDED.word}`));
    await zapys('-C', dir, 'review', 'add', item, subtitles, '--reason', 'Heard twice.');
  }
  /** One recording is heard once more, by the same engine in other windows. */
  async function hearTwice() {
    const { stdout } = await zapys('-C', dir, 'items', '--json');
    const { item } = stdout.trim().split('\n').map((line) => JSON.parse(line)).find(({ title }) => title === TWICE);
    const settings = path.join(folder, 'second.toml');
    await writeFile(settings, 'second = "again"\n');
    await zapys('--config', settings, '-C', dir, 'process', item);
  }
  /** Voices are held against those of other recordings, and there are copies that are easier to listen to. */
  async function askForMore() {
    const settings = path.join(folder, 'more.toml');
    await writeFile(settings, 'voices = "on"\nenhance = "on"\n');
    await zapys('--config', settings, '-C', dir, 'process', '--only', 'voice-prints,enhanced');
  }
  /** As if somebody pulled the plug. */
  async function kill() {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }
  async function again(settings) {
    await endOf(server);
    return serve(settings);
  }

  try {
    if (encrypted) {
      await writeFile(path.join(folder, 'key'), key);
      await writeFile(path.join(folder, 'words'), `${PASSPHRASE}\n`);
      await zapys('init', dir, '--no-recovery-key', '--name', 'Museum crates');
      await zapys('-C', dir, 'key', 'add', '--new-passphrase-file', path.join(folder, 'words'));
      const files = (await readdir(evidence, { recursive: true })).filter((name) => FEW.includes(path.basename(name)));
      if (files.length !== FEW.length) throw new Error(`the sample lacks what these tests look at: ${files}`);
      await zapys('-C', dir, 'add', ...files.map((name) => path.join('evidence', name)), '--source', 'Sample');
    } else {
      if (process.env.ZAPYS_BROWSER_CASE) await cp(path.resolve(process.env.ZAPYS_BROWSER_CASE), dir, { recursive: true });
      else await zapys('init', dir, '--no-encryption', '--name', 'Museum crates');
      await zapys('-C', dir, 'add', 'evidence', '--source', 'Sample');
      if (hostile) {
        await writeHostile(path.join(folder, 'hostile'));
        await zapys('-C', dir, 'add', path.join(folder, 'hostile'), '--source', 'Unknown sender');
      }
    }
    await zapys('-C', dir, 'process');
    if (!encrypted && hostile) {
      await mend();
      await hearTwice();
      await askForMore();
    }
    return { ...(await serve()), key, stop, again, second, kill };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

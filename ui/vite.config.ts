import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** What of others' work is in the build, with the licences that ask to travel along. */
function licences(): Plugin {
  const packages = ['@fontsource-variable/ibm-plex-sans/LICENSE', '@fontsource-variable/literata/LICENSE', '@fontsource/ibm-plex-mono/LICENSE', 'svelte/LICENSE.md'];
  return {
    name: 'licences',
    generateBundle() {
      const texts = packages.map((name) => `${name.slice(0, name.lastIndexOf('/'))}\n\n${readFileSync(new URL(`node_modules/${name}`, import.meta.url), 'utf8').trim()}\n`);
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join('\n\n') });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), licences()],
  base: '/',
  build: {
    target: 'es2022',
    // Fonts and pictures stay files of their own: the content security policy knows no `data:`.
    assetsInlineLimit: 0,
    // Every browser that runs this also preloads modules; the stand-in would only add script.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: { '/api': process.env['ZAPYS_API'] ?? 'http://127.0.0.1:7878' },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});

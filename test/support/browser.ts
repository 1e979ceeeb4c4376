/**
 * A real browser for tests of pages: Debian's Chromium, driven by Playwright. Tests that need it skip where
 * it is not installed, and say so. It never reaches for a network of its own.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Undefined where there is none. */
export const browserPath: string | undefined = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync);

if (browserPath === undefined) {
  console.info('skipped: tests in a browser need Chromium; `apt-get install chromium` brings it');
}

/** What makes it start as root in a container, and keeps it from looking up its maker's hosts. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Its profile is new and goes when it is closed. */
export async function startBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error('there is no browser; skip the test with browserPath');
  return chromium.launch({ executablePath: browserPath, args: flags, timeout: 50_000 });
}

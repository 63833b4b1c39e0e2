import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser of this machine, if there is one. */
export const browserPath = places.find((path) => path !== undefined && existsSync(path));

/** Starts the browser, without the calls home that it makes by itself. */
export function openBrowser(): Promise<Browser> {
  if (!browserPath) throw new Error('There is no Chromium on this machine. Install it, or set CHROMIUM_PATH.');
  return chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

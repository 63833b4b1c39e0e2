import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Why no browser test can run here; absent where one can. */
export const noBrowserReason = existsSync(executablePath)
  ? undefined
  : `there is no browser at ${executablePath}: install Debian's package chromium, or set CHROMIUM_PATH`;

/** Chromium without a window, which speaks to nobody but the pages that it is sent to. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
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

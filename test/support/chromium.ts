/** The system's Chromium under playwright-core, which brings none of its own. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import type { Test } from 'tap';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const program = PLACES.find((place) => existsSync(place));

/** False, or why browser tests cannot run here; for `skip`. */
export const noChromium: false | string =
  program === undefined ? 'Chromium is not installed (apt-get install chromium)' : false;

/** Closed when the test ends. */
export async function openBrowser(t: Test): Promise<Browser> {
  if (program === undefined) throw new Error('Chromium is not installed');
  // As root, as in a container, Chromium has no sandbox to offer.
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  t.teardown(() => browser.close());
  return browser;
}

// Takes the pictures of the page for README and docs from the demo, as built: npm run page:pictures
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { Browser } from '../test/support/browser.ts';
import { freePort } from '../test/support/free-port.ts';

const root = new URL('../', import.meta.url).pathname;
/** Of the house's day, which has ten seconds to an hour: there is time for all of them while the sun shines. */
const HOUR = 13;
/** A day of the house is four minutes. */
const WAIT_MS = 400_000;

interface Picture {
  readonly lang: 'ja' | 'en';
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  readonly query?: string;
}

const PICTURES: Readonly<Record<string, Picture>> = {
  'phone-ja': { lang: 'ja', width: 390, height: 844 },
  'phone-en': { lang: 'en', width: 390, height: 844 },
  'desktop-ja': { lang: 'ja', width: 1100, height: 960 },
  'desktop-en': { lang: 'en', width: 1100, height: 960 },
  'dark-ja': { lang: 'ja', width: 1100, height: 960, dark: true },
  'kiosk-ja': { lang: 'ja', width: 1280, height: 800, query: '&kiosk' },
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Until the house is at that hour, connected and with its course of the day. */
async function untilHour(page: string): Promise<void> {
  for (let waited = 0; waited < WAIT_MS; waited += 500) {
    await sleep(500);
    const answer = await fetch(`${page}api/status`).catch(() => undefined);
    if (!answer?.ok) continue;
    const { time, uptime_s: uptimeS } = (await answer.json()) as { readonly time: string; readonly uptime_s: number };
    const hour = (new Date(time).getUTCHours() + 9) % 24;
    if (hour === HOUR && uptimeS > 90) return;
  }
  throw new Error(`the demo did not get to ${HOUR} h`);
}

const port = await freePort();
const demo = spawn(
  process.execPath,
  ['dist/cli/main.js', 'demo', '--http', `127.0.0.1:${port}`, '--mqtt-port', String(await freePort())],
  { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
);
try {
  const address = `http://127.0.0.1:${port}/`;
  await mkdir(`${root}docs/images`, { recursive: true });
  await using browser = await Browser.open();
  const { page } = await browser.page();
  await untilHour(address);
  for (const [name, { lang, width, height, dark, query = '' }] of Object.entries(PICTURES)) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: dark === true ? 'dark' : 'light' });
    await page.goto(`${address}?lang=${lang}${query}`);
    await page.locator('.now[data-level=good]').waitFor();
    await page.waitForTimeout(2000); // charts are drawn, colours have moved
    await page.screenshot({ path: `${root}docs/images/page-${name}.png` });
    console.log(`docs/images/page-${name}.png`);
  }
} finally {
  demo.kill();
}

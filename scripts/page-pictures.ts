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

/** Until the house is at that hour or later, connected and with its course of the day: in a half hour whose predecessor is known. */
async function untilHour(page: string): Promise<void> {
  for (let waited = 0; waited < WAIT_MS; waited += 500) {
    await sleep(500);
    const answer = await fetch(`${page}api/status`).catch(() => undefined);
    if (!answer?.ok) continue;
    const { time, uptime_s: uptimeS } = (await answer.json()) as { readonly time: string; readonly uptime_s: number };
    const [hour, minute] = [(new Date(time).getUTCHours() + 9) % 24, new Date(time).getUTCMinutes() % 30];
    const isSoon = minute >= 8 && minute <= 14; // the page takes another ten minutes of the house's
    if (hour >= HOUR && hour <= HOUR + 2 && isSoon && uptimeS > 90) return;
  }
  throw new Error(`the demo did not get to ${HOUR} h`);
}

/** Of one language: the demo speaks it too, for it names its meter itself. */
async function takePictures(lang: Picture['lang']): Promise<void> {
  const port = await freePort();
  const demo = spawn(
    process.execPath,
    ['dist/cli/main.js', 'demo', '--http', `127.0.0.1:${port}`, '--mqtt-port', String(await freePort())],
    {
      cwd: root,
      env: { ...process.env, LC_ALL: lang === 'ja' ? 'ja_JP.UTF-8' : 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  try {
    const address = `http://127.0.0.1:${port}/`;
    await using browser = await Browser.open();
    const { page } = await browser.page();
    for (const [name, picture] of Object.entries(PICTURES)) {
      if (picture.lang !== lang) continue;
      const { width, height, dark, query = '' } = picture;
      await page.setViewportSize({ width, height });
      await untilHour(address);
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
}

await mkdir(`${root}docs/images`, { recursive: true });
await Promise.all([takePictures('ja'), takePictures('en')]);

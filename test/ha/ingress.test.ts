import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { Household } from '../support/household.ts';
import { Program } from '../support/program.ts';
import { INGRESS_ADDRESS } from '../support/stand-in-ingress.ts';
import { TellingPage, watchWhatItSays, whatItSaid } from '../support/telling-page.ts';
import { HomeAssistant } from './home-assistant.ts';

const here = import.meta.dirname;
const SEE_MS = 30_000;
const EVERY_MS = 3000;
const WATCHED_MS = 18_000;
/** What news may be under way without being called late, and what is between two looks. */
const TOLERANCE_S = 4.5;
/** Of a hundred looks: a machine that stands still for some seconds shows what it had until it goes on. */
const MOST_STALLED = 10;
/** 2025.4 compresses streams too, and so holds them back; the page then asks every two seconds. */
const versions = [
  { version: '2025.4.4', isHeldBack: true },
  { version: '2026.11.0', isHeldBack: false },
] as const;
let browser: Browser;

beforeAll(async () => {
  for (const { version } of versions) await HomeAssistant.install(version);
  browser = await Browser.open();
});
afterAll(() => browser?.[Symbol.asyncDispose]());

/** Home Assistant's own ingress in its own Python, before a page. */
async function ingressOf(home: Household, version: string, page: string): Promise<string> {
  const script = readFileSync(join(here, 'ingress.py'), 'utf8');
  const python = ['/opt/hass/bin/python', '-c', script, new URL(page).port, INGRESS_ADDRESS];
  const program = home.keep(new Program(join(here, 'enter'), [version, ...python]));
  const port = await program.until(() => /^\d+$/m.exec(program.stdout)?.[0], 'the ingress listens', 60_000);
  return `http://127.0.0.1:${port}/api/hassio_ingress/t0ken/`;
}

/** How the stream is coded on its way. */
async function codingOf(url: string): Promise<string | null> {
  const stop = new AbortController();
  const { headers } = await fetch(`${url}api/events`, { signal: stop.signal });
  stop.abort();
  return headers.get('content-encoding');
}

test.concurrent.for(versions)(
  'through the ingress of Home Assistant $version the page is let in without a login and never older than it says',
  async ({ version, isHeldBack }) => {
    await using home = new Household();
    await using bridge = await TellingPage.start(EVERY_MS, { onlyFrom: INGRESS_ADDRESS });
    const { address } = bridge.server;
    const url = await ingressOf(home, version, address);
    expect((await fetch(address)).status).toBe(403);
    const status = await fetch(`${url}api/status`);
    expect([status.status, ((await status.json()) as { readonly version: string }).version]).toEqual([200, '9.8.7']);
    expect(await codingOf(url)).toBe(isHeldBack ? 'deflate' : null);

    const { page } = await browser.page();
    await page.goto(`${url}?lang=en`);
    await page.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
    await watchWhatItSays(page);
    await delay(WATCHED_MS);
    const said = (await whatItSaid(page)).map((one) => ({ ...one, realS: bridge.ageS(one.watts, one.atMs) }));
    const tooYoung = said.filter(({ realS, ageS }) => !(realS <= ageS + TOLERANCE_S));
    expect(tooYoung.length, JSON.stringify(tooYoung)).toBeLessThanOrEqual((said.length * MOST_STALLED) / 100);
    /** How old each was when it was first seen; the one that stood there already tells nothing. */
    const delaysS = [...new Map(said.toReversed().map(({ watts, realS }) => [watts, realS])).values()].slice(0, -1);
    expect(delaysS.length).toBeGreaterThanOrEqual(2);
    expect(Math.min(...delaysS)).toBeLessThan(isHeldBack ? 4 : 2); // the stream is quicker than the page asks
    await page.close();
  },
);

import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { GatheringProxy } from '../support/gathering-proxy.ts';
import { TellingPage, watchWhatItSays, whatItSaid } from '../support/telling-page.ts';

const SEE_MS = 20_000;
const EVERY_MS = 6000;
const WATCHED_MS = 30_000;
/** What news may be under way without being called late, and what is between two looks. */
const TOLERANCE_S = 4.5;
/** Of a hundred looks: a machine that stands still for some seconds shows what it had until it goes on. */
const MOST_STALLED = 10;

test.concurrent.for(['compresses', 'lags'] as const)(
  'behind a proxy that %s no value is older than the page says, and none much older than the newest',
  async (way) => {
    await using bridge = await TellingPage.start(EVERY_MS);
    await using proxy = await GatheringProxy.before(bridge.server.address, way);
    await using browser = await Browser.open();
    const { page } = await browser.page();
    await page.goto(`${proxy.address}?lang=en`);
    await page.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
    await watchWhatItSays(page);
    await delay(WATCHED_MS);
    const said = (await whatItSaid(page)).map(({ atMs, ...shown }) => ({
      ...shown,
      realS: bridge.ageS(shown.watts, atMs),
    }));
    expect(said.length).toBeGreaterThan(20);
    const tooYoung = said.filter(({ realS, ageS }) => !(realS <= ageS + TOLERANCE_S));
    expect(tooYoung.length, JSON.stringify(tooYoung)).toBeLessThanOrEqual((said.length * MOST_STALLED) / 100);
    // It asks: the stream alone would have told nothing for minutes, or each value when the next was there.
    expect(new Set(said.map(({ watts }) => watts)).size).toBeGreaterThanOrEqual(3);
    expect(proxy.streams).toBeLessThanOrEqual(3); // none is left behind every few seconds
  },
);

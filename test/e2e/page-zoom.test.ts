import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { LivedIn } from '../support/lived-in.ts';

const SEE_MS = 20_000;
let browser: Browser;

beforeAll(async () => {
  browser = await Browser.open();
});

afterAll(() => browser?.[Symbol.asyncDispose]());

/** Text that its own box, or one around it that hides what is too much, does not show whole. */
const cutText = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const found = [];
    const walker = document.createTreeWalker(document.querySelector('body'), NodeFilter.SHOW_TEXT);
    for (let text; (text = walker.nextNode()); ) {
      const of = text.parentElement;
      // what is only read aloud is cut on purpose
      if (!text.textContent.trim() || !of.checkVisibility({ visibilityProperty: true }) || of.closest('.spoken')) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const { left, right, top, bottom } of range.getClientRects()) {
        if (left < -0.5 || right > innerWidth + 0.5) found.push('beside the screen: ' + text.textContent);
        for (let box = of; box && box !== document.body; box = box.parentElement) {
          const { overflowX, overflowY } = getComputedStyle(box);
          const edge = box.getBoundingClientRect();
          if (overflowX !== 'visible' && (left < edge.left - 1 || right > edge.right + 1)) found.push('aside: ' + text.textContent);
          if (overflowY !== 'visible' && (top < edge.top - 4 || bottom > edge.bottom + 4)) found.push('above or below: ' + text.textContent);
        }
      }
    }
    return found;
  })()`);

/** Zoomed to 200 %, a page has half the pixels of its window to lay itself out in, and draws each twice as large. */
test.for([
  ['ja', 1100, 900],
  ['en', 1100, 900],
  ['ja', 390, 844],
  ['en', 390, 844],
] as const)(
  '%s, %i × %i px: zoomed twofold, all can be read, nothing scrolls sideways',
  async ([lang, width, height]) => {
    await using house = await LivedIn.start({ commands: ['read_now', 'restart_session', 'rescan'] });
    await house.live();
    house.rig.broker = { ok: false, detail: 'connect ECONNREFUSED 192.168.100.100:8883' };
    await house.draws(25, 16);
    const { page } = await browser.page();
    await page.setViewportSize({ width: width / 2, height: height / 2 });
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setDeviceMetricsOverride', {
      width: width / 2,
      height: height / 2,
      deviceScaleFactor: 2,
      mobile: false,
    });
    await page.goto(`${house.rig.address}?lang=${lang}`);
    for (const part of ['.now[data-level=good]', '.history .bars canvas', '.live canvas', '.alert', '.cost'])
      await page.locator(part).first().waitFor({ timeout: SEE_MS });
    for (const part of ['.details', '.links', '.range']) await page.locator(`${part} > summary`).click();
    await page.locator('.events li').nth(3).waitFor({ timeout: SEE_MS });
    expect(await page.evaluate<number>('devicePixelRatio')).toBe(2);
    expect(await page.evaluate<number>('innerWidth')).toBe(width / 2);
    expect(
      await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
    ).toBe(0);
    expect(await cutText(page)).toEqual([]);
    await page.close();
  },
);

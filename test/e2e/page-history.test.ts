import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import { Browser } from '../support/browser.ts';
import { logLines } from '../support/log-lines.ts';
import { WebRig } from '../support/web-rig.ts';

const SEE_MS = 20_000;
const HALF_HOUR_MS = 1_800_000;
/** 2025-12-01; the rig's clock says 2026-01-15T12:00, both of Japan. */
const OLDEST_MS = Date.parse('2025-12-01T00:00:00+09:00');
const MARKS = 45 * 48 + 24 + 1;
let browser: Browser;
let dir: string;

beforeAll(async () => {
  browser = await Browser.open({ width: 1100, height: 900 });
  dir = await mkdtemp(join(tmpdir(), 'page-history-'));
  const archive = await HalfHourArchive.open(dir, logLines().log);
  for (let i = 0; i < MARKS; i++) {
    const markMs = OLDEST_MS + i * HALF_HOUR_MS;
    // 0.2 kWh bought in each half hour, 0.5 sold in those of 10 to 14 h; from 3:00 to 4:00 of the last day nothing is known
    const sold = Math.floor(i / 48) * 8 + Math.min(8, Math.max(0, (i % 48) - 20));
    const isHole = i > MARKS - 20 && i < MARKS - 16;
    if (!isHole) archive.add('M', { markMs, importKwh: (1000 + 2 * i) / 10, exportKwh: sold / 2 });
  }
  await archive.close();
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

async function withHistory(path: string, body: (page: Page, rig: WebRig) => Promise<void>): Promise<void> {
  const archive = await HalfHourArchive.open(dir, logLines().log);
  await using rig = await WebRig.start({ archiveOf: (meter) => (meter === 'home' ? archive : undefined) });
  const { page } = await browser.page();
  try {
    rig.status({});
    rig.reading({ powerW: 1234, importKwh: 1000, exportKwh: 500 });
    await page.goto(new URL(path, rig.address).href);
    await page.locator('.history').waitFor({ timeout: SEE_MS });
    await body(page, rig);
  } finally {
    await page.close();
    await archive.close();
  }
}

const note = (page: Page): Promise<string | null> => page.locator('.history .note').textContent();
const sees = (page: Page, text: string): Promise<void> =>
  page.locator('.history .note', { hasText: text }).waitFor({ timeout: SEE_MS });
const title = (page: Page): Promise<string | null> => page.locator('.history .title').textContent();

/** Of each slot of the chart: what colour is at its middle, just above and just below zero. */
const colours = (page: Page): Promise<readonly (readonly [above: string, below: string])[]> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('.bars canvas');
    const over = document.querySelector('.bars .u-over').getBoundingClientRect();
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const pen = canvas.getContext('2d');
    const nameOf = (x, y) => {
      const [r, g, b, a] = pen.getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data;
      if (a < 100) return 'none';
      if (b > r + 60 && b > g + 30) return 'bought';
      if (g > r + 60 && g > b + 20) return 'sold';
      return 'grey';
    };
    const top = over.top - box.top;
    const zero = top + over.height * (0.2 / 0.7); // the axis goes from 0.2 kWh bought to 0.5 sold
    return Array.from({ length: 48 }, (_, slot) => {
      const x = over.left - box.left + (over.width * (slot + 0.6)) / 48.2;
      return [nameOf(x, zero - 8), nameOf(x, zero + 8)];
    });
  })()`);

test('the day by half hours: bought up, sold down, a hole that can be seen', async () => {
  await withHistory('/?lang=en', async (page) => {
    await sees(page, 'Thu, January 15');
    await page.waitForTimeout(500);
    const seen = await colours(page);
    expect(seen[2]).toEqual(['bought', 'none']);
    expect(seen[22]).toEqual(['bought', 'sold']);
    expect(seen[6]).toEqual(['grey', 'grey']); // 3:00
    expect(seen[40]).toEqual(['none', 'none']); // to come
  });
});

test('a day back and forth, the month by days, the year by months, each with its sum', async () => {
  await withHistory('/?lang=ja', async (page) => {
    await sees(page, '1月15日(木)');
    const [back, forward] = [page.getByRole('button', { name: '前へ' }), page.getByRole('button', { name: '次へ' })];
    expect(await forward.isDisabled()).toBe(true);
    await back.click();
    await sees(page, '1月14日(水)　買電 9.60 kWh・売電 4.00 kWh');
    await forward.click();
    await sees(page, '1月15日(木)');
    await page.getByRole('button', { name: '月', exact: true }).click();
    await sees(page, '2026年1月');
    await back.click();
    await sees(page, '2025年12月　買電 297.60 kWh・売電 124.00 kWh');
    expect(await back.isDisabled()).toBe(true);
    await page.getByRole('button', { name: '年', exact: true }).click();
    await sees(page, '2025年　買電 297.60 kWh');
    await forward.click();
    expect(await title(page)).toBe('2026年');
  });
});

test('a stretch is summed up: dragged, by two lists, and by the keyboard alone', async () => {
  await withHistory('/?lang=en', async (page) => {
    await page.getByRole('button', { name: 'Back' }).click();
    await sees(page, 'Wed, January 14');
    const box = await page.locator('.bars .u-over').boundingBox();
    if (!box) throw new Error('no chart');
    const x = (slot: number): number => box.x + (box.width * (slot + 0.6)) / 48.2;
    await page.mouse.move(x(20), box.y + 40);
    await page.mouse.down();
    await page.mouse.move(x(24), box.y + 60, { steps: 4 });
    await page.mouse.move(x(27), box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(5, 5);
    await sees(page, '10:00–14:00');
    expect(await note(page)).toBe('10:00–14:00　buying 1.60 kWh · selling 4.00 kWh');
    await page.locator('.range summary').focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('From').selectOption('06:00');
    await page.locator('.fields select').last().selectOption('24:00');
    await sees(page, '06:00–24:00　buying 7.20 kWh · selling 4.00 kWh');
    await page.getByLabel('From').focus();
    await page.keyboard.press('ArrowDown');
    await sees(page, '06:30–24:00');
    await page.getByRole('button', { name: 'Back to all' }).click();
    await sees(page, 'Wed, January 14　buying 9.60 kWh');
  });
});

test('a finger across the bars sums up a stretch and leaves the page where it is; up and down it moves the page', async () => {
  await withHistory('/?lang=en', async (page) => {
    await page.getByRole('button', { name: 'Back' }).click();
    await sees(page, 'Wed, January 14');
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    const chart = page.locator('.bars .u-over');
    const scrolled = (): Promise<number> => page.evaluate<number>('scrollY');
    /** From one place of the chart to another, in shares of its width and px of its height, and lets go. */
    const drag = async (from: readonly [number, number], to: readonly [number, number]): Promise<void> => {
      const box = await chart.boundingBox();
      if (!box) throw new Error('no chart');
      const at = (share: number) => [
        {
          x: box.x + box.width * (from[0] + (to[0] - from[0]) * share),
          y: box.y + from[1] + (to[1] - from[1]) * share,
        },
      ];
      await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
      for (let step = 1; step <= 20; step++) {
        await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(step / 20) });
        await page.waitForTimeout(16);
      }
      await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    };
    await page.evaluate(`document.querySelector('.bars').scrollIntoView({ block: 'center' })`);
    const before = await scrolled();
    await drag([20.6 / 48.2, 50], [27.6 / 48.2, 75]);
    await sees(page, '10:00–14:00');
    expect(await note(page)).toBe('10:00–14:00　buying 1.60 kWh · selling 4.00 kWh');
    expect(await scrolled()).toBe(before);
    await page.waitForTimeout(1000); // nothing takes it back
    expect(await note(page)).toContain('10:00–14:00');
    await drag([0.5, 20], [0.5, 120]);
    await expect.poll(scrolled).toBeLessThan(before - 30);
  });
});

test('what is shown can be saved as CSV', async () => {
  await withHistory('/?lang=en', async (page) => {
    await page.getByRole('button', { name: 'Back' }).click();
    await sees(page, 'Wed, January 14');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('home-half-hour-2026-01-14-2026-01-14.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(49);
  });
});

test('a bridge without an archive has no such part', async () => {
  await using rig = await WebRig.start();
  rig.reading({ powerW: 1234 });
  const { page } = await browser.page();
  await page.goto(rig.address);
  await page.getByText('1,234').first().waitFor({ timeout: SEE_MS });
  await page.waitForTimeout(1000);
  expect(await page.locator('.history').isVisible()).toBe(false);
  await page.close();
});

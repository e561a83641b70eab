import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import { BridgeError } from '../../src/kernel/errors.ts';
import { Browser } from '../support/browser.ts';
import { logLines } from '../support/log-lines.ts';
import { pan, WebRig } from '../support/web-rig.ts';
import type { WebRigOptions } from '../support/web-rig.ts';

/** The stream speaks every 10 s at least. */
const SEE_MS = 20_000;
let browser: Browser;
let dir: string;
let archive: HalfHourArchive;

beforeAll(async () => {
  browser = await Browser.open({ width: 360, height: 740 });
  dir = await mkdtemp(join(tmpdir(), 'page-'));
  archive = await HalfHourArchive.open(dir, logLines().log);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await archive?.close();
  await rm(dir, { recursive: true, force: true });
});

interface Shown {
  readonly rig: WebRig;
  readonly page: Page;
  /** What the console said and what failed to load. */
  readonly complaints: readonly string[];
}

async function withPage(path: string, options: WebRigOptions, body: (shown: Shown) => Promise<void>): Promise<void> {
  await using rig = await WebRig.start(options);
  const { page, complaints } = await browser.page();
  try {
    feed(rig);
    await page.goto(new URL(path, rig.address).href);
    await body({ rig, page, complaints });
  } finally {
    await page.close();
  }
}

function feed(rig: WebRig): void {
  rig.status({ pan, lqi: 132, rssiDbm: -68, module: { edition: 'DSE', stackVersion: '1.5.2' } });
  rig.reading({ powerW: 1234, currentRA: 7, currentTA: 5.5, importKwh: 12345.6, exportKwh: 0 });
}

const see = (page: Page, text: string): Promise<void> =>
  page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: SEE_MS });
const open = (page: Page): Promise<void> => page.locator('.details summary').click();
const number = (page: Page): Promise<string | null> => page.locator('.now .number').textContent();
const level = (page: Page): Promise<string | null> => page.locator('.now').getAttribute('data-level');
const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
const metersOf = (names: readonly string[]) => names.map((name, index) => ({ id: `m${index}`, name }));
const isGreen = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>(`(() => {
    const [r, g, b] = getComputedStyle(document.querySelector('.lamp')).backgroundColor.match(/\\d+/g).map(Number);
    return g > r + 40 && g > b;
  })()`);

test('a current reading, in Japanese and by its link in English', async () => {
  await withPage('/?lang=ja', { archiveOf: () => archive }, async ({ page, complaints }) => {
    for (const text of ['使用中', '1,234', 'R相 7.0 A', 'T相 5.5 A', '秒前の値']) await see(page, text);
    expect(await page.title()).toBe('1,234 W – Home');
    await open(page);
    for (const text of ['12,345.6 kWh', '接続済み', '−68 dBm', '57']) await see(page, text);
    expect(await overflow(page)).toBe(0);
    await page.getByRole('link', { name: 'English' }).click();
    await see(page, 'Using');
    await open(page);
    for (const text of ['1,234', 'Connected', 'very good', 'DSE 1.5.2', 'every 10 s']) await see(page, text);
    expect(await level(page)).toBe('good');
    expect(await isGreen(page)).toBe(true);
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
  });
});

test('power sold is said by word, arrow and colour, and zero is zero', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    await see(page, 'Using');
    const [bought, arrows] = [page.locator('.now'), page.locator('.now svg:visible')];
    const colour = (): Promise<string> =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('.now .number')).color`);
    const [usingColour, usingArrow] = [await colour(), await arrows.innerHTML()];
    rig.reading({ powerW: -850 });
    await see(page, 'Selling');
    expect(await number(page)).toBe('850');
    expect(await bought.getAttribute('data-direction')).toBe('export');
    expect(await colour()).not.toBe(usingColour);
    expect(await arrows.innerHTML()).not.toBe(usingArrow);
    expect(await page.title()).toBe('Selling 850 W – Home');
    rig.reading({ powerW: 0 });
    await see(page, 'Using');
    expect(await number(page)).toBe('0');
    rig.reading({ powerW: 12_340 });
    await see(page, 'kW');
    expect(await number(page)).toBe('12.3');
  });
});

test('an old value is marked with its time and never shown as current; a new one is current again', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    await see(page, 'Using');
    await rig.clock.advance(36_000);
    await see(page, 'Last value: using 1,234 W (');
    await see(page, 'No update for 3');
    expect(await number(page)).toBe('—');
    expect(await page.locator('.now .direction').isVisible()).toBe(false);
    expect(await isGreen(page)).toBe(false);
    expect(await page.title()).toBe('— Home');
    expect(await page.locator('.spoken[aria-live]').textContent()).toBe('Home: The reading is stale');
    await open(page);
    expect(await page.locator('.facts').textContent()).toContain('the meter does not answer');
    rig.reading({ powerW: 555 });
    await see(page, '555');
    expect(await level(page)).toBe('good');
    expect(await page.locator('.now .last').isVisible()).toBe(false);
  });
});

test('a value that is late is told so before it is old, and not in green', async () => {
  await withPage('/?lang=ja', {}, async ({ rig, page }) => {
    await see(page, '1,234');
    await rig.clock.advance(11_000);
    rig.status({ phase: 'joining' });
    await see(page, '秒更新なし・再接続中');
    expect(await page.locator('.trust').textContent()).toMatch(/^1[1-5]秒更新なし・再接続中$/);
    expect(await isGreen(page)).toBe(false);
    expect(await number(page)).toBe('1,234');
  });
});

test('a broken link says what it does, what to do and when it tries again', async () => {
  await withPage('/?lang=ja', {}, async ({ rig, page }) => {
    await see(page, '1,234');
    await open(page);
    const error = new BridgeError('JOIN_REFUSED', 'EVENT 24');
    rig.status({ phase: 'waiting', retryAtMs: rig.clock.now() + 60_000, reconnects: 3, error });
    rig.broker = { ok: false, detail: 'connect ECONNREFUSED' };
    for (const text of [
      '再試行を待っています',
      '後に再試行',
      'route_b_password',
      'EVENT 24',
      '未接続 – connect ECONNREFUSED',
    ])
      await see(page, text);
    const alert = page.locator('.alert').first();
    expect((await alert.textContent())?.endsWith('JOIN_REFUSED')).toBe(true);
    const lines = await page.evaluate<number>(`(() => {
      const box = document.querySelector('.alert');
      const heights = [...box.children].map((line) => line.clientHeight);
      return heights.reduce((sum, height) => sum + height, 0) / parseFloat(getComputedStyle(box).lineHeight);
    })()`);
    expect(Math.round(lines)).toBeLessThanOrEqual(3);
    expect(await overflow(page)).toBe(0);
  });
});

test('before the first reading it says what it waits for; long and hostile names do no harm', async () => {
  const meters = metersOf(['<b onclick="alert(1)">x</b>', 'ながいなまえ'.repeat(20), 'w'.repeat(200)]);
  await withPage('/?lang=en', { meters, archiveOf: () => archive }, async ({ rig, page, complaints }) => {
    rig.status({ phase: 'scanning' }, 'm0');
    await rig.clock.advance(12_000);
    await see(page, 'Waiting for the first reading');
    await see(page, '<b onclick="alert(1)">x</b>');
    await open(page);
    await see(page, 'Looking for the meter · for 12 s');
    expect(await page.locator('.chip').count()).toBe(3);
    expect(await page.locator('.power:visible').count()).toBe(0);
    expect(await overflow(page)).toBe(0);
    await page.locator('.chip').nth(1).click();
    expect(await page.locator('#name').textContent()).toBe('ながいなまえ'.repeat(20));
    expect(page.url()).toContain('#m1');
    expect(complaints).toEqual([]);
  });
});

/** Of each column of a canvas: whether something is drawn in it in the colour of what is bought, of what is sold. */
const drawn = (page: Page, box: string): Promise<{ readonly bought: boolean[]; readonly sold: boolean[] }> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('${box} canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const has = (is) => Array.from({ length: canvas.width }, (_, x) => {
      for (let y = 0; y < canvas.height; y++) {
        const at = 4 * (y * canvas.width + x);
        if (data[at + 3] > 200 && is(data[at], data[at + 1], data[at + 2])) return true;
      }
      return false;
    });
    return { bought: has((r, g, b) => b > g + 40 && b > r + 80), sold: has((r, g, b) => g > r + 60 && g > b + 20) };
  })()`);

test('draws the power of the last hour, with a hole where nothing was measured', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    for (let minute = 0; minute < 60; minute++) {
      if (minute < 28 || minute > 32) rig.reading({ powerW: minute < 40 ? 800 : -700 });
      await rig.clock.advance(30_000);
    }
    await page.reload();
    await page
      .getByRole('img', { name: 'Power over the last 1 h: buying max 1,234 W · selling max 700 W' })
      .waitFor({ timeout: SEE_MS });
    await page.waitForTimeout(500);
    const { bought, sold } = await drawn(page, '.live');
    const first = bought.indexOf(true);
    const last = bought.lastIndexOf(true);
    expect(first).toBeGreaterThan(bought.length * 0.4);
    expect(bought.slice(first, last).filter((is) => !is).length).toBeGreaterThan(5);
    expect(sold.indexOf(true)).toBeGreaterThanOrEqual(last - 2);
    await page.getByRole('button', { name: '10 min' }).click();
    await page.getByRole('img', { name: 'Power over the last 10 min: selling' }).waitFor({ timeout: SEE_MS });
  });
});

test('the token in the address opens the page, whose links need it no more', async () => {
  await withPage('/', { token: 'kagi-no-kotoba' }, async ({ page }) => {
    await page.goto(`${page.url()}?token=kagi-no-kotoba`);
    await see(page, '1,234');
    await page.getByRole('link', { name: '日本語' }).click();
    await see(page, '使用中');
    expect(page.url()).not.toContain('token');
  });
});

test('says so when the bridge itself falls silent: no number stands as the one of now', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    await see(page, '1,234');
    await rig.clock.advance(20_000); // 15 s before its mark
    await see(page, 'No update for 2');
    await rig.close();
    await see(page, 'The bridge does not answer (');
    expect(await number(page)).toBe('—');
    await see(page, 'Last value: using 1,234 W (');
    expect(await isGreen(page)).toBe(false);
    expect(await page.title()).toBe('— Home');
  });
});

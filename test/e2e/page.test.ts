import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BridgeError } from '../../src/kernel/errors.ts';
import { pan, WebRig } from '../support/web-rig.ts';
import type { WebRigOptions } from '../support/web-rig.ts';

const SEE_MS = 15_000;
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
let context: BrowserContext;
let profile: string;

beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), 'broute2mqtt-chromium-'));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args,
    viewport: { width: 360, height: 740 },
    locale: 'en-US',
  });
});

afterAll(async () => {
  await context?.close();
  await rm(profile, { recursive: true, force: true });
});

interface Shown {
  readonly rig: WebRig;
  readonly page: Page;
  /** What the console said and what failed to load. */
  readonly complaints: readonly string[];
}

async function withPage(path: string, options: WebRigOptions, body: (shown: Shown) => Promise<void>): Promise<void> {
  await using rig = await WebRig.start(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
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

const see = (page: Page, text: string): Promise<void> => page.getByText(text).first().waitFor({ timeout: SEE_MS });
const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
const metersOf = (names: readonly string[]) => names.map((name, index) => ({ id: `m${index}`, name }));

test('a current reading, in Japanese and by its link in English', async () => {
  await withPage('/?lang=ja', {}, async ({ page, complaints }) => {
    for (const text of ['消費中（買電）', '1,234', '7.0 A', '5.5 A', '12,345.6 kWh', '接続済み', '−68 dBm', '57'])
      await see(page, text);
    expect(await overflow(page)).toBe(0);
    await page.getByRole('link', { name: 'English' }).click();
    for (const text of ['Using now', '1,234', 'Connected', 'very good', 'DSE 1.5.2', 'asked every 10 s'])
      await see(page, text);
    expect(await page.locator('.badge').isVisible()).toBe(false);
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
  });
});

test('power sold is said in words, and zero is zero', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    rig.reading({ powerW: -850 });
    await see(page, 'Selling to the grid (export)');
    await see(page, '−850');
    rig.reading({ powerW: 0 });
    await see(page, 'Using now');
    expect(await page.locator('.watts').textContent()).toBe('0');
  });
});

test('an old value is marked with its time and never shown as current; a new one is current again', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    await see(page, 'Using now');
    await rig.clock.advance(36_000);
    await see(page, 'Old value: was using');
    await see(page, 'last value, from');
    expect(await page.locator('.phase').textContent()).toBe('The meter does not answer');
    expect(await page.locator('.badge').isVisible()).toBe(true);
    expect(await page.getByText('Using now').count()).toBe(0);
    expect(await page.locator('.spoken').textContent()).toBe('Home: The meter does not answer. The reading is stale.');
    rig.reading({ powerW: 555 });
    await see(page, 'Using now');
    expect(await page.locator('.badge').isVisible()).toBe(false);
  });
});

test('a broken link says what it does, what to do and when it tries again', async () => {
  await withPage('/?lang=ja', {}, async ({ rig, page }) => {
    const error = new BridgeError('JOIN_REFUSED', 'EVENT 24');
    rig.status({ phase: 'waiting', retryAtMs: rig.clock.now() + 60_000, reconnects: 3, error });
    rig.broker = { ok: false, detail: 'connect ECONNREFUSED' };
    for (const text of [
      '再試行を待っています',
      '次の試行まで',
      'route_b_password',
      'EVENT 24',
      '未接続 – connect ECONNREFUSED',
    ])
      await see(page, text);
    expect(await overflow(page)).toBe(0);
  });
});

test('before the first reading it says what it waits for; long and hostile names do no harm', async () => {
  const meters = metersOf(['<b onclick="alert(1)">x</b>', 'ながいなまえ'.repeat(20), 'w'.repeat(200)]);
  await withPage('/?lang=en', { meters }, async ({ rig, page, complaints }) => {
    rig.status({ phase: 'scanning' }, 'm0');
    await rig.clock.advance(12_000);
    await see(page, 'Waiting for the first reading');
    await see(page, 'Looking for the meter · for 12 s');
    await see(page, '<b onclick="alert(1)">x</b>');
    expect(await page.locator('.card').count()).toBe(3);
    expect(await page.locator('.power:visible').count()).toBe(0);
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
  });
});

test('draws the power of the last hour, with a hole where nothing was measured', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    for (let minute = 0; minute < 60; minute++) {
      if (minute !== 30) rig.reading({ powerW: minute < 40 ? 800 : -700 });
      await rig.clock.advance(30_000);
    }
    await page.reload();
    await page.getByRole('img', { name: 'Power over the last 30 min: −700 W to 1,234 W' }).waitFor({ timeout: SEE_MS });
    expect(await page.locator('.chart .using .line').count()).toBe(2);
  });
});

test('the token in the address is used for the data and kept by the language link', async () => {
  await withPage('/', { token: 'kagi-no-kotoba' }, async ({ page }) => {
    await page.getByLabel('Token').fill('kagi-no-kotoba');
    await page.getByRole('button').click();
    await see(page, '1,234');
    await page.getByRole('link', { name: '日本語' }).click();
    await see(page, '消費中（買電）');
    expect(page.url()).toContain('token=kagi-no-kotoba');
  });
});

test('says so when the bridge itself falls silent, and its values grow old all the same', async () => {
  await withPage('/?lang=en', {}, async ({ rig, page }) => {
    await see(page, '1,234');
    await rig.clock.advance(30_000); // 5 s before its mark
    await see(page, 'measured 30 s ago');
    await rig.close();
    await see(page, 'The bridge does not answer.');
    await see(page, 'Old value: was using');
  });
});

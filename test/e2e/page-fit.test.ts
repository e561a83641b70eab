import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { INGRESS_ADDRESS, StandInIngress } from '../support/stand-in-ingress.ts';
import { pan, WebRig } from '../support/web-rig.ts';

const SEE_MS = 20_000;
let browser: Browser;

beforeAll(async () => {
  browser = await Browser.open();
});

afterAll(() => browser?.[Symbol.asyncDispose]());

interface Size {
  readonly width: number;
  readonly height?: number;
}

async function opened(rig: WebRig, query: string, { width, height = 844 }: Size): Promise<Page> {
  rig.status({ pan, lqi: 132, rssiDbm: -68 });
  rig.reading({ powerW: -1234, currentRA: -7, currentTA: 5.5, importKwh: 12345.6, exportKwh: 10 });
  const { page } = await browser.page();
  await page.setViewportSize({ width, height });
  await page.goto(`${rig.address}?${query}`);
  await page.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
  await page.locator('.live canvas').waitFor({ timeout: SEE_MS });
  return page;
}

const bottomOf = (page: Page, selector: string): Promise<number> =>
  page.evaluate<number>(`document.querySelector('${selector}').getBoundingClientRect().bottom`);
const fontOf = (page: Page, selector: string): Promise<number> =>
  page.evaluate<number>(`parseFloat(getComputedStyle(document.querySelector('${selector}')).fontSize)`);

test('a phone shows the number, its trust and the course without scrolling', async () => {
  await using rig = await WebRig.start();
  const page = await opened(rig, 'lang=ja', { width: 390 });
  expect(await bottomOf(page, '.live')).toBeLessThanOrEqual(844);
  expect(await fontOf(page, '.now .power')).toBeGreaterThanOrEqual(64);
  await page.close();
});

test('a desktop has two columns and uses nine tenths of 1100 px', async () => {
  await using rig = await WebRig.start();
  const page = await opened(rig, 'lang=ja', { width: 1100, height: 900 });
  const [left, right] = await page.evaluate<readonly DOMRectLike[]>(
    `['.left', '.right'].map((name) => document.querySelector(name).getBoundingClientRect().toJSON())`,
  );
  if (!left || !right) throw new Error('no columns');
  expect(right.left).toBeGreaterThan(left.right);
  expect(right.right - left.left).toBeGreaterThanOrEqual(990);
  expect(await fontOf(page, '.now .power')).toBeGreaterThanOrEqual(96);
  await page.close();
});

interface DOMRectLike {
  readonly left: number;
  readonly right: number;
}

test.for(['ja', 'en'])('%s: nothing sticks out, no text below 14 px, no target below 44 px', async (lang) => {
  await using rig = await WebRig.start();
  for (const width of [320, 390, 640, 860, 1280, 2560]) {
    const page = await opened(rig, `lang=${lang}`, { width });
    await page.locator('.details summary').click();
    expect(
      await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
      `${width}`,
    ).toBe(0);
    const small = await page.evaluate<string[]>(`[...document.querySelectorAll('body *')]
      .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()))
      .filter((node) => node.checkVisibility() && parseFloat(getComputedStyle(node).fontSize) < 14)
      .map((node) => node.outerHTML)`);
    expect(small, `${width}`).toEqual([]);
    const narrow = await page.evaluate<string[]>(`[...document.querySelectorAll('a, button, select, summary')]
      .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 43.5)
      .map((node) => node.outerHTML)`);
    expect(narrow, `${width}`).toEqual([]);
    await page.close();
  }
});

test('no word of the other language', async () => {
  await using rig = await WebRig.start();
  const english = await opened(rig, 'lang=en', { width: 1100 });
  const shown = await english.evaluate<string>(`document.querySelector('main').textContent`);
  expect(shown).not.toMatch(/[\u3041-\u30ff\u4e00-\u9fff]/);
  const japanese = await opened(rig, 'lang=ja', { width: 1100 });
  const text = await japanese.evaluate<string>(`document.querySelector('main').textContent`);
  const words = text.match(/[A-Za-z]{3,}/g) ?? [];
  const same = ['PAN', 'dBm', 'LQI', 'MQTT', 'kWh', 'CSV', 'Home', 'connected'];
  expect(words.filter((word) => !same.includes(word))).toEqual([]);
});

test('everything can be reached and used by the keyboard alone', async () => {
  await using rig = await WebRig.start();
  const page = await opened(rig, 'lang=en', { width: 390 });
  const reached = new Set<string>();
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate<string>('document.activeElement.textContent'));
  }
  for (const text of ['日本語', '10 min', '1 h', '24 h', 'Details']) expect([...reached]).toContain(text);
  await page.getByRole('button', { name: '24 h' }).focus();
  await page.keyboard.press('Enter');
  expect(await page.getByRole('button', { name: '24 h' }).getAttribute('aria-pressed')).toBe('true');
  await page.close();
});

test('a kiosk is one screen without links; the manifest and its icons are there', async () => {
  await using rig = await WebRig.start();
  const page = await opened(rig, 'lang=ja&kiosk', { width: 1280, height: 800 });
  expect(await page.evaluate<number>('document.documentElement.scrollHeight')).toBe(800);
  expect(await page.locator('#language').isVisible()).toBe(false);
  rig.reading({ powerW: 5 });
  await page.locator('.now .number', { hasText: /^5$/ }).waitFor({ timeout: SEE_MS });
  const { x = 0, width = 0 } = (await page.locator('.columns').boundingBox()) ?? {};
  expect([x, x + width].map(Math.round)).toEqual([26, 1254]); // also around a single digit
  const { icons } = (await (await rig.get('/page.webmanifest')).json()) as { icons: readonly { src: string }[] };
  for (const { src } of icons) expect((await rig.get(src)).status).toBe(200);
  await page.close();
});

test('below a path of a proxy', async () => {
  await using rig = await WebRig.start({ onlyFrom: INGRESS_ADDRESS });
  await using ingress = await StandInIngress.before(Number(new URL(rig.address).port));
  rig.status({});
  rig.reading({ powerW: 1234 });
  const { page } = await browser.page();
  await page.goto(ingress.panel);
  const frame = page.frameLocator('iframe');
  await frame.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
  await frame.locator('.live canvas').waitFor({ timeout: SEE_MS });
  expect(await frame.locator('.now .number').textContent()).toBe('1,234');
  await page.close();
});

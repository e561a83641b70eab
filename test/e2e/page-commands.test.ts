import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { pan, WebRig } from '../support/web-rig.ts';

const SEE_MS = 20_000;
let browser: Browser;

beforeAll(async () => {
  browser = await Browser.open({ width: 1100, height: 900 });
});

afterAll(() => browser?.[Symbol.asyncDispose]());

async function opened(rig: WebRig): Promise<Page> {
  rig.status({ pan });
  rig.reading({ powerW: 1234, currentRA: 7, currentTA: 5.5 });
  const { page } = await browser.page();
  await page.goto(`${rig.address}?lang=en`);
  await page.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
  return page;
}

test('a command asks back, is done once, and says when it may be asked for again', async () => {
  await using rig = await WebRig.start({ commands: ['read_now', 'restart_session', 'rescan'] });
  const page = await opened(rig);
  await page.locator('.details summary').click();
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(rig.ordered).toEqual([]);
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.getByRole('button', { name: 'Do it' }).click();
  await page.getByText('Accepted.').waitFor({ timeout: SEE_MS });
  await eventually(() => rig.ordered.length > 0, 'the order is there');
  expect(rig.ordered).toEqual(['home restart_session']);
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.getByRole('button', { name: 'Do it' }).click();
  await page.getByText('Not so soon again: try in').waitFor({ timeout: SEE_MS });
  expect(rig.ordered).toHaveLength(1);
  await page.close();
});

test('the demo says that it is one, and lets itself be broken', async () => {
  let broken = 0;
  await using rig = await WebRig.start({ demo: { inject: () => void broken++ }, commands: ['break'] });
  const page = await opened(rig);
  await page.getByText('Demo', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Break something' }).click();
  await page.getByRole('button', { name: 'Do it' }).click();
  await eventually(() => broken === 1, 'the fault');
  await page.close();
});

test('while there is no session the four steps show where it is', async () => {
  await using rig = await WebRig.start();
  rig.status({ phase: 'scanning', progress: { expectedMs: 30_000, scan: { channels: 60, dwellMs: 500, afterMs: 0 } } });
  const { page } = await browser.page();
  await page.goto(`${rig.address}?lang=en`);
  await page.locator('.progress').waitFor({ timeout: SEE_MS });
  expect(await page.locator('.steps li').count()).toBe(4);
  expect(await page.locator('.steps li[aria-current=step]').textContent()).toMatch(
    /^Look for the meterchannel \d+\/60$/,
  );
  expect(await page.locator('.progress > .left').textContent()).toMatch(/^about \d+ s left$/);
  await page.close();
});

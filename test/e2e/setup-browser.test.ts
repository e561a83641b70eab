import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findings } from '../support/axe-findings.ts';
import { readingsOf } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import { Desk, Typist } from '../support/typist.ts';

const ID = '5EC4E7001122334455667788DEADBEEF';
const PASSWORD = 'Q7RS8TUV9WXY';
const onlyWith = ['--route-b-id', ID, '--route-b-password', PASSWORD];
const SEE_MS = 60_000;

let browser: BrowserContext;
let profile: string;

beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), 'broute2mqtt-chromium-'));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
    viewport: { width: 390, height: 844 },
    locale: 'ja-JP',
  });
});
afterAll(async () => {
  await browser?.close();
  await rm(profile, { recursive: true, force: true });
});

async function newFolder(home: Household): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'setup-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  return folder;
}

async function open(home: Household, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  home.keep({ [Symbol.asyncDispose]: () => page.close() });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|\[DOM\]/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

/** In the light and in the dark. */
async function axeFindsNothing(page: Page): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await findings(page), colorScheme).toEqual([]);
  }
}

const see = (page: Page, text: string): Promise<void> => page.getByText(text).first().waitFor({ timeout: SEE_MS });

test('in the browser: from nothing to the first reading on the page, with a wrong password first', async () => {
  await using home = new Household();
  const broker = await home.broker({ login: true });
  await broker.setPassword('meter', 'geheim9');
  const watcher = await home.watch(broker.url, { username: 'meter', password: 'geheim9' });
  const stick = await home.stick({ args: [...onlyWith, '--time-factor', '4'] }); // slow enough to be watched
  const desk = home.keep(await Desk.create());
  await desk.plug(stick.path);
  const folder = await newFolder(home);
  const config = join(folder, 'config.yaml');
  const user = home.keep(await Typist.at(folder, desk.commandLine(['run']), { LANG: 'ja_JP.UTF-8' }));
  await user.sees('設定がまだありません');
  const [, url = ''] = /(http:\/\/127\.0\.0\.1:\d+\/\?code=[\w-]+)\r?\n/.exec(user.screen) ?? []; // and nothing after it that a terminal would open too
  expect((await fetch(url.replace(/\?.*/, ''))).status).toBe(401);

  const { page, complaints } = await open(home, url);
  await see(page, 'Bルートの認証ID');
  await page.locator('select option').first().waitFor({ state: 'attached', timeout: SEE_MS }); // it has looked
  expect(await page.locator('select').inputValue()).toContain('usb-FTDI_FT230X'); // found, and chosen
  await axeFindsNothing(page);
  await page.fill('input[name=id]', '0011-2233-4455-6677');
  await see(page, 'あと16');
  await page.fill('input[name=id]', '5ec4-e700-1122-3344-5566-7788-dead-beef');
  await page.fill('input[name=password]', 'Q7RS8TUV9WXX');
  await page.press('input[name=password]', 'Enter');
  await see(page, '[2/4]');
  await see(page, 'パスワードが違う可能性が高いです');
  await axeFindsNothing(page);
  expect(existsSync(config)).toBe(false);
  await page.fill('input[name=password]', PASSWORD);
  await page.getByRole('button', { name: '接続を試す' }).click();
  await see(page, '最初の計測値');
  await page.locator('input[name=url]').waitFor({ timeout: SEE_MS }); // whatever it found on this machine
  await page.fill('input[name=url]', broker.url.replace('mqtt://', ''));
  await page.press('input[name=url]', 'Enter');
  await see(page, 'このブローカーはログインが必要です');
  expect(await page.locator('.note.bad').allTextContents()).toEqual([]); // it was not asked before
  await page.fill('input[name=username]', 'meter');
  const brokerPassword = page
    .locator('.card', { has: page.locator('input[name=url]') })
    .locator('input[name=password]');
  await brokerPassword.fill('geheim8');
  await brokerPassword.press('Enter');
  await see(page, 'ユーザー名かパスワードが違います');
  await axeFindsNothing(page);
  await brokerPassword.fill('geheim9');
  await brokerPassword.press('Enter');
  await see(page, '契約アンペア');
  await page.fill('input[name=ampere]', '40');
  await see(page, 'contract_ampere: 40');
  await page.fill('input[name=price]', '35.8円');
  await see(page, 'buy: 35.8');
  await axeFindsNothing(page);
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  expect(await page.content()).not.toContain(PASSWORD);
  await page.getByRole('button', { name: '書き込んで開始' }).click();

  await page.locator('#view').waitFor({ timeout: SEE_MS });
  const message = await eventually(() => readingsOf(watcher)[0], 'a reading at the broker', 60_000);
  expect(message.meter).toBe('home');
  await page.waitForFunction('/\\d (k?W)/.test(document.title)', undefined, { timeout: SEE_MS }); // now, and current
  expect(statSync(config).mode & 0o777).toBe(0o600);
  expect(complaints).toEqual([]);
});

test('a configuration that is wrong: the page shows the lines, and the service goes on once it is right', async () => {
  await using home = new Household();
  const folder = await newFolder(home);
  const config = join(folder, 'config.yaml');
  const port = await freePort();
  const yaml = (interval: number): string =>
    `meters:\n  - id: home\n    device: /dev/nowhere\n    route_b_id: '${ID}'\n    route_b_password: '${PASSWORD}'\n    interval_s: ${interval}\nhttp:\n  listen: 127.0.0.1:${port}\n`;
  await writeFile(config, yaml(1), { mode: 0o600 });
  const env = {
    BROUTE2MQTT_STAY_ON_MISTAKE: '1',
    BROUTE2MQTT_LANGUAGE: 'en',
    BROUTE2MQTT_HTTP_LISTEN: `127.0.0.1:${port}`,
  };
  const program = home.cli(['run', '--config', config], { env });
  await program.until(() => /code=\S+\n/.test(program.stderr), 'it says where');
  expect(program.stderr).toContain('Waiting: correct this');
  expect(program.stderr).toContain(`${config}:6: meters[0].interval_s: must be at least 2`);
  const { page } = await open(home, `${/(http:\S+code=\S+)/.exec(program.stderr)?.[1]}&lang=en`);
  await see(page, `${config}:6: meters[0].interval_s: must be at least 2`);
  await axeFindsNothing(page);
  await page.goto(`http://127.0.0.1:${port}/?lang=ja`);
  await see(page, '設定に問題があります');
  await axeFindsNothing(page);
  await page.goto(`http://127.0.0.1:${port}/?lang=en`);
  await see(page, 'must be at least 2');
  await page.getByRole('button', { name: 'Check again' }).click();
  await see(page, 'must be at least 2');
  await writeFile(config, yaml(5), { mode: 0o600 });
  await page.getByRole('button', { name: 'Check again' }).click();
  await page.locator('#view').waitFor({ timeout: SEE_MS });
  expect(program.code).toBeUndefined();
  expect((await program.end()).code).toBe(0);
});

test('axe finds nothing on the steps in English either', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: onlyWith });
  const desk = home.keep(await Desk.create());
  await desk.plug(stick.path);
  const folder = await newFolder(home);
  const user = home.keep(await Typist.at(folder, desk.commandLine(['run']), { LANG: 'C' }));
  await user.sees('No configuration yet');
  const [, url = ''] = /(http:\/\/127\.0\.0\.1:\d+\/\?code=[\w-]+)/.exec(user.screen) ?? [];
  const { page, complaints } = await open(home, `${url}&lang=en`);
  await see(page, 'Route-B authentication ID');
  await page.locator('select option').first().waitFor({ state: 'attached', timeout: SEE_MS });
  await page.fill('input[name=id]', ID);
  await page.fill('input[name=password]', PASSWORD);
  await page.press('input[name=id]', 'Enter');
  await see(page, 'first reading');
  await page.locator('input[name=url]').waitFor({ timeout: SEE_MS });
  await page.fill('input[name=url]', '');
  await page.press('input[name=url]', 'Enter');
  await see(page, 'Contracted current');
  await axeFindsNothing(page);
  expect(complaints).toEqual([]);
});

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { LivedIn } from '../support/lived-in.ts';

const SEE_MS = 20_000;
let browser: Browser;

beforeAll(async () => {
  browser = await Browser.open({ width: 1100, height: 900 });
});

afterAll(() => browser?.[Symbol.asyncDispose]());

async function opened({ rig }: LivedIn, query: string): Promise<Page> {
  const { page } = await browser.page();
  await page.goto(`${rig.address}?${query}`);
  await page.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
  return page;
}

const textOf = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();
const sees = (page: Page, selector: string, hasText: string): Promise<void> =>
  page.locator(selector, { hasText }).waitFor({ timeout: SEE_MS });
const styleOf = (page: Page, selector: string, property: string): Promise<string> =>
  page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).${property}`);

const PLAIN = 'rgb(11, 92, 156)';
const AMBER = 'rgb(199, 119, 0)';
const RED = 'rgb(179, 38, 30)';
/** Currents of R and T, and what a contract of 40 A makes of them. */
const LOADS = [
  [20, 11.9, 'well', '31.9 A（79%）', PLAIN, ''],
  [17.7, 14.3, 'near', '32.0 A（80%）', AMBER, '契約に近づいています'],
  [20, 19.9, 'near', '39.9 A（99%）', AMBER, '契約に近づいています'],
  [20, 20, 'over', '40.0 A（100%）', RED, '契約を超えています'],
  [30, 20, 'over', '50.0 A（125%）', RED, '契約を超えています'],
  [-9, 8, 'well', '8.0 A（20%）', PLAIN, ''], // what R feeds back does not free T
] as const;

test('the bar of the contract: both legs, their sum, amber from 80 %, red from 100 %', async () => {
  await using house = await LivedIn.start();
  await house.live();
  const page = await opened(house, 'lang=ja');
  expect(await textOf(page, '.contract h2')).toBe('契約 40 A');
  for (const [r, t, level, used, colour, warning] of LOADS) {
    await house.draws(r, t);
    await sees(page, '.contract .used', used);
    expect(await page.locator('.contract').getAttribute('data-level'), used).toBe(level);
    for (const leg of ['r', 't']) expect(await styleOf(page, `.contract .bar .${leg}`, 'backgroundColor')).toBe(colour);
    expect((await page.locator('.contract .warning').textContent()) ?? '').toBe(warning);
    expect(await textOf(page, '.contract .legs')).toBe(`R相 ${r.toFixed(1).replace('-', '−')}・T相 ${t.toFixed(1)}`);
  }
  await page.close();
});

test('in English too, and without currents of now no share of the contract', async () => {
  await using house = await LivedIn.start();
  await house.live();
  const page = await opened(house, 'lang=en');
  await house.draws(25, 16);
  await sees(page, '.contract .used', '41.0 A (102 %)');
  expect(await textOf(page, '.contract .warning')).toBe('over the contract');
  await house.rig.clock.advance(40_000);
  await sees(page, '.contract .used', '—');
  expect(await page.locator('.contract').getAttribute('data-level')).toBe('well');
  await page.close();
});

test.for([
  ['ja', '今日の買電', '約149円', '今日の売電', '約38円', '4.83 kWh（約150円）'],
  ['en', 'Bought today', '≈ ¥149', 'Sold today', '≈ ¥38', '4.83 kWh (≈ ¥150)'],
] as const)(
  '%s: what today has cost and brought, told as an estimate',
  async ([lang, bought, cost, sold, income, ofRunning]) => {
    await using house = await LivedIn.start();
    await house.live();
    const page = await opened(house, `lang=${lang}`);
    await sees(page, '.today .import .cost', cost); // 4.8 kWh at 31 yen
    expect(await textOf(page, '.today .import h3')).toBe(bought);
    expect(await textOf(page, '.today .export h3')).toBe(sold);
    expect(await textOf(page, '.today .export .cost')).toBe(income); // 2.4 kWh at 16 yen
    await sees(page, '.history .note', ofRunning); // with the half hour that runs, 4.83 kWh at 31 yen
    await page.close();
  },
);

test.for([
  [
    'ja',
    '通信の記録（24時間）',
    ['メーターに接続しました（チャネル 57）', '接続が切れました: ', '起動しました'],
    '1分30秒間',
  ],
  [
    'en',
    'Link events (24 h)',
    ['Connected to the meter (channel 57)', 'Connection lost: ', 'broute2mqtt started'],
    'for 1 min 30 s',
  ],
] as const)(
  '%s: what happened on the radio, newest first, in words',
  async ([lang, title, [up, lost, began], lasted]) => {
    await using house = await LivedIn.start();
    await house.live();
    const page = await opened(house, `lang=${lang}`);
    expect(await textOf(page, '.links summary')).toBe(title);
    await page.locator('.links summary').click();
    await page.locator('.events li').nth(3).waitFor({ timeout: SEE_MS });
    const rows = await page.locator('.events li').allInnerTexts();
    expect(rows).toHaveLength(4);
    for (const [i, words] of [up, lost, up, began].entries()) expect(rows[i]).toContain(words);
    expect(rows[1]).toContain(lasted);
    expect(rows[1]).toContain('JOIN_REFUSED');
    expect(rows[1]).toContain('route_b_password'); // what to do
    await page.close();
  },
);

test('what the meter remembers fills the hole in the bars, without loading the page anew', async () => {
  const hole = [6, 7, 8];
  await using house = await LivedIn.start({}, hole);
  await house.live();
  const page = await opened(house, 'lang=en');
  await sees(page, '.history .note', 'partly no data');
  await page.evaluate('window.isSame = true');
  for (const slot of hole) house.mark(slot);
  await page.locator('.history .note', { hasNotText: 'partly no data' }).waitFor({ timeout: 100_000 }); // it asks once a minute
  expect(await textOf(page, '.history .note')).toMatch(/buying 4\.8\d kWh .* selling 2\.40 kWh/);
  expect(await page.evaluate('window.isSame')).toBe(true);
  await page.close();
});

test.each([
  ['ja', '30分ごとの記録はまだありません（メーターの記憶から読み込みます）', '買電 4.8'],
  ['en', 'no half hours yet: they are read from the meter’s memory', 'buying 4.8'],
] as const)(
  '%s: the first minutes say where the record comes from, not that a bit is there',
  async (lang, none, sum) => {
    const days = Array.from({ length: 48 * 9 + 25 }, (_, i) => i - 48 * 9);
    await using house = await LivedIn.start({}, days);
    await house.live();
    const page = await opened(house, `lang=${lang}`);
    await sees(page, '.history .note', none);
    expect(await textOf(page, '.history .note')).not.toMatch(/kWh/);
    // a minute and a half of 800 W: 0.02 of at least 0.1 kWh
    const blueRows = await page.evaluate<number>(`(() => {
    const canvas = document.querySelector('.bars canvas');
    const over = document.querySelector('.bars .u-over').getBoundingClientRect();
    const scale = canvas.width / canvas.getBoundingClientRect().width;
    const x = over.left - canvas.getBoundingClientRect().left + (over.width * 24.6) / 48.2;
    const { data } = canvas.getContext('2d').getImageData(Math.round(x * scale), 0, 1, canvas.height);
    let rows = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at + 2] > data[at] + 30) rows += 1;
    return rows / scale / over.height;
  })()`);
    expect(blueRows).toBeGreaterThan(0.05);
    expect(blueRows).toBeLessThan(0.5);
    for (const slot of days) if (slot >= 0) house.mark(slot);
    await sees(page, '.history .note', sum); // soon, not after a minute
    await page.close();
  },
);

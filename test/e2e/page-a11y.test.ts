import { expect, test } from 'vitest';
import { BridgeError } from '../../src/kernel/errors.ts';
import { findings } from '../support/axe-findings.ts';
import { Browser } from '../support/browser.ts';
import { LivedIn } from '../support/lived-in.ts';
import { pan, WebRig } from '../support/web-rig.ts';

const meters = [
  { id: 'home', name: 'Home' },
  { id: 'shop', name: 'Shop' },
];

test.for([
  ['ja', false],
  ['ja', true],
  ['en', false],
  ['en', true],
] as const)('axe finds nothing: %s, dark %s', async ([language, dark]) => {
  await using browser = await Browser.open({ dark });
  await using rig = await WebRig.start({ meters });
  rig.status({ pan, lqi: 132, rssiDbm: -68 });
  rig.reading({ powerW: 1234, currentRA: 7, currentTA: 5.5, importKwh: 12345.6, exportKwh: 10 });
  const { page } = await browser.page();
  await page.goto(`${rig.address}?lang=${language}`);
  await page.locator('.now[data-level=good]').waitFor();
  await page.locator('.details summary').click();
  await page.waitForTimeout(600); // colours move
  expect(await findings(page)).toEqual([]);
  rig.status({
    phase: 'waiting',
    retryAtMs: rig.clock.now() + 60_000,
    error: new BridgeError('JOIN_REFUSED', 'EVENT 24'),
  });
  await page.locator('.alert').waitFor({ timeout: 20_000 });
  await page.waitForTimeout(600);
  expect(await findings(page)).toEqual([]);
});

test.for([
  ['ja', false],
  ['ja', true],
  ['en', false],
  ['en', true],
] as const)('axe finds nothing with everything there and open: %s, dark %s', async ([language, dark]) => {
  await using browser = await Browser.open({ dark, width: 1100, height: 900 });
  await using house = await LivedIn.start({ commands: ['read_now', 'rescan'] });
  const { rig } = house;
  await house.live();
  rig.broker = { ok: false, detail: 'connect ECONNREFUSED' };
  await house.draws(25, 16);
  const { page } = await browser.page();
  await page.goto(`${rig.address}?lang=${language}`);
  for (const part of [
    '.now[data-level=good]',
    '.history .bars canvas',
    '.live canvas',
    '.alert',
    '.contract .warning',
    '.cost',
  ])
    await page.locator(part).first().waitFor({ timeout: 20_000 });
  for (const part of ['.details', '.links', '.range']) await page.locator(`${part} > summary`).click();
  await page.locator('.events li').nth(3).waitFor({ timeout: 20_000 });
  await page.waitForTimeout(600); // colours move
  expect(await findings(page)).toEqual([]);
  await house.draws(20, 13); // amber
  await page.locator('.contract[data-level=near]').waitFor({ timeout: 20_000 });
  await page.getByRole('button', { name: language === 'ja' ? '今すぐ読む' : 'Read now' }).click();
  await page.waitForTimeout(600);
  expect(await findings(page)).toEqual([]);
});

test('axe finds nothing on the form that asks for the token', async () => {
  await using browser = await Browser.open();
  await using rig = await WebRig.start({ token: 'kagi-no-kotoba' });
  const { page } = await browser.page();
  await page.goto(rig.address);
  expect(await findings(page)).toEqual([]);
});

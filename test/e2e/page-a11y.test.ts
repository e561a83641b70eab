import { expect, test } from 'vitest';
import { BridgeError } from '../../src/kernel/errors.ts';
import { findings } from '../support/axe-findings.ts';
import { Browser } from '../support/browser.ts';
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

test('axe finds nothing on the form that asks for the token', async () => {
  await using browser = await Browser.open();
  await using rig = await WebRig.start({ token: 'kagi-no-kotoba' });
  const { page } = await browser.page();
  await page.goto(rig.address);
  expect(await findings(page)).toEqual([]);
});

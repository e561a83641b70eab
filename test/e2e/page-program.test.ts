import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Bridge } from '../support/bridge.ts';
import { Browser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Mosquitto } from '../support/mosquitto.ts';
import { Stick } from '../support/stick.ts';

const SEE_MS = 40_000;
/** What the page says from now on, and when: `[epoch ms, text]`. */
const WATCH = `(() => {
  const now = document.querySelector('.now');
  window.seen = [];
  const look = () => {
    const number = document.querySelector('.now .number').textContent;
    const sold = now.dataset.direction === 'export';
    const text = now.dataset.direction === 'unknown' ? 'none' : (sold ? '-' : '') + number.replace(/,/g, '');
    if (window.seen.at(-1)?.[1] !== text) window.seen.push([Date.now(), text]);
  };
  new MutationObserver(look).observe(now, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
})()`;

interface Delay {
  readonly watts: number;
  readonly ms: number | undefined;
}

test('the built program: what the meter says stands on the page within a second, and again after the bridge died', async () => {
  await using mosquitto = await Mosquitto.start();
  await using stick = await Stick.plugged({ args: ['--seed', '3', '--solar'] });
  const port = await freePort();
  await using bridge = await Bridge.start({
    broker: mosquitto.url,
    meters: [{ id: 'home', device: stick.path, interval_s: 2, energy_interval_s: 10, contract_ampere: 40 }],
    config: { http: { listen: `127.0.0.1:${port}` } },
  });
  await using browser = await Browser.open();
  const { page, complaints } = await browser.page();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const address = `http://127.0.0.1:${port}/`;
  await eventually(async () => (await fetch(address).catch(() => undefined))?.ok === true, 'the page is there');
  await page.goto(`${address}?lang=en`);
  await page.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
  await page.evaluate(WATCH);
  const beganMs = Date.now();
  /** Changes of power as the meter told them, and when each stood on the page. */
  const delays = async (): Promise<readonly Delay[]> => {
    const seen = await page.evaluate<readonly (readonly [number, string])[]>('window.seen');
    return stick
      .truth()
      .filter(({ epc, atMs }) => epc === 'E7' && atMs > beganMs && atMs < Date.now() - 3000)
      .map(({ atMs, edt }) => ({ atMs, watts: edt.readInt32BE() }))
      .filter(({ watts }, i, all) => i > 0 && all[i - 1]?.watts !== watts)
      .map(({ atMs, watts }): Delay => {
        const shown = seen.find(([ms, text]) => ms >= atMs && Number(text) === watts);
        return { watts, ms: shown && shown[0] - atMs };
      });
  };
  const told = await eventually(
    async () => {
      const all = await delays();
      return all.length >= 2 && all;
    },
    'the house takes more, or less',
    120_000,
  );
  expect(told.filter(({ ms }) => ms === undefined)).toEqual([]);
  expect(Math.min(...told.map(({ ms = Infinity }) => ms))).toBeLessThan(1000);

  const before = await page.evaluate<string>('document.title');
  expect(before).toMatch(/^(Selling )?[\d,.]+ k?W – /);
  expect(await page.evaluate<string>(`document.querySelector('link[rel=icon]').href`)).toMatch(/^data:image\/svg/);
  expect(complaints).toEqual([]); // the policy reports to the console
  expect(asked.filter((url) => !url.startsWith(address) && !url.startsWith('data:'))).toEqual([]);

  await bridge.end('SIGKILL');
  await page.getByText('The bridge does not answer').first().waitFor({ timeout: SEE_MS });
  expect(await page.locator('.now .number').textContent()).toBe('—');
  bridge.restart();
  await page.locator('.now[data-level=good]').waitFor({ timeout: SEE_MS });
}, 240_000);

test('the page is small: 60 KB of scripts and styles together, as a proxy would send them', () => {
  const folder = join(import.meta.dirname, '../../dist/web/static');
  const sizes = readdirSync(folder)
    .filter((name) => !name.endsWith('.png'))
    .map((name) => gzipSync(readFileSync(join(folder, name))).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60 * 1024);
});

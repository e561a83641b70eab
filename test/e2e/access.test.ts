import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebRig } from '../support/web-rig.ts';
import type { WebRigOptions } from '../support/web-rig.ts';

const TOKEN = 'kagi-no-kotoba-16';
const SEE_MS = 15_000;
let context: BrowserContext;
let profile: string;

beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'broute2mqtt-chromium-'));
  context = await open();
});

afterEach(async () => {
  await context?.close();
  await rm(profile, { recursive: true, force: true });
});

const open = (): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    locale: 'en-US',
  });

async function withRig(options: WebRigOptions, body: (rig: WebRig, page: Page) => Promise<void>): Promise<void> {
  await using rig = await WebRig.start({ token: TOKEN, ...options });
  rig.status({});
  rig.reading({ powerW: 1234 });
  await body(rig, await context.newPage());
}

/** The page is there: whatever it looks like, it may ask for its data. */
const isLetIn = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>("fetch('api/status').then((answer) => answer.ok)");
const form = (page: Page) => page.getByLabel('Token');
async function logIn(page: Page, token = TOKEN): Promise<void> {
  await form(page).fill(token);
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Open' }).click()]);
}

/** Something else in the house or on the internet: hands on what is below its path, or shows a page of its own. */
async function elsewhere(
  answer: Parameters<typeof createServer>[1],
): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
const pageOf = (html: string) =>
  elsewhere((_request, reply) => void reply.setHeader('content-type', 'text/html').end(html));

test('the form lets a browser in, without a trace in the address, and still after it was closed', async () => {
  await withRig({}, async (rig, page) => {
    await page.goto(`${rig.address}?lang=en`);
    expect(await isLetIn(page)).toBe(false);
    await logIn(page, 'not-the-token');
    await page.getByText('That is not the token.').waitFor({ timeout: SEE_MS });
    await logIn(page);
    expect(page.url()).toBe(`${rig.address}?lang=en`);
    await form(page).waitFor({ state: 'detached', timeout: SEE_MS });
    expect(await isLetIn(page)).toBe(true);
    expect(await page.evaluate('document.cookie')).toBe('');
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', secure: false, path: '/' });
    expect((cookie?.expires ?? 0) - Date.now() / 1000).toBeGreaterThan(364 * 24 * 3600);
    expect(JSON.stringify(cookie)).not.toContain(TOKEN);

    await context.close();
    context = await open();
    const again = await context.newPage();
    await again.goto(rig.address);
    expect(await isLetIn(again)).toBe(true);
    await again.evaluate("fetch('logout', { method: 'POST' })");
    await again.goto(rig.address);
    await form(again).waitFor({ timeout: SEE_MS });
  });
}, 90_000);

test('a link with the token opens the page and leaves the address without it', async () => {
  await withRig({}, async (rig, page) => {
    await page.goto(`${rig.address}?token=${TOKEN}&lang=en`);
    expect(page.url()).toBe(`${rig.address}?lang=en`);
    expect(await isLetIn(page)).toBe(true);
  });
}, 60_000);

test('a link on another site leads in who is logged in, also one with the token', async () => {
  await withRig({}, async (rig, page) => {
    const links = `<a id="plain" href="${rig.address}">x</a><a id="token" href="${rig.address}?token=${TOKEN}">y</a>`;
    await using other = await pageOf(links);
    for (const id of ['token', 'plain']) {
      await page.goto(`http://localhost:${other.port}/`); // another site than 127.0.0.1
      await page.click(`#${id}`);
      await page.waitForURL(rig.address, { timeout: SEE_MS });
      await form(page).waitFor({ state: 'detached', timeout: SEE_MS });
      expect(await isLetIn(page), id).toBe(true);
      await page.evaluate('sessionStorage.clear()');
    }
  });
}, 90_000);

test('below the path of a proxy the cookie is for that path alone', async () => {
  await withRig({}, async (rig, page) => {
    const target = new URL(rig.address);
    await using proxy = await elsewhere((asked, reply) => {
      const path = (asked.url ?? '').replace(/^\/house\/meter/, '');
      if (path === asked.url) return void reply.writeHead(404).end('nothing here');
      const headers = { ...asked.headers, 'x-forwarded-proto': 'http' };
      const options = { host: target.hostname, port: target.port, path, method: asked.method, headers };
      const sent = request(options, (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      });
      asked.pipe(sent);
    });
    const address = `http://127.0.0.1:${proxy.port}/house/meter/`;
    await page.goto(`${address}?lang=en`);
    await logIn(page);
    expect(page.url()).toBe(`${address}?lang=en`);
    expect(await isLetIn(page)).toBe(true);
    expect((await context.cookies()).map(({ path }) => path)).toEqual(['/house/meter']);
    await context.clearCookies();
    await page.goto(`${address}?token=${TOKEN}`);
    expect(page.url()).toBe(address);
    expect(await isLetIn(page)).toBe(true);
    const command = `fetch('api/command', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ meter: 'home', command: 'read_now' }) }).then((answer) => answer.status)`;
    expect(await page.evaluate(command)).toBe(202);
  });
}, 60_000);

/** What a hostile page tries, each way a browser has. @returns what it saw, which is never an answer. */
const attack = (target: string): string => `<script type="module">
  const body = JSON.stringify({ meter: 'home', command: 'restart_session' });
  const tries = [
    { method: 'POST', mode: 'no-cors', credentials: 'include', body },
    { method: 'POST', mode: 'cors', credentials: 'include', headers: { 'content-type': 'application/json' }, body },
    { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'content-type': 'text/plain' }, body },
  ];
  const saw = [];
  for (const options of tries)
    saw.push(await fetch('${target}api/command', options).then(({ type, status }) => type + status, () => 'failed'));
  saw.push(await fetch('${target}api/status', { credentials: 'include' }).then(() => 'read', () => 'failed'));
  document.title = saw.join();
</script>`;

test.each([
  ['with a token', TOKEN],
  ['on this machine without one', undefined],
])(
  'another site commands nothing and reads nothing, %s',
  async (_title, token) => {
    await using rig = await WebRig.start(token === undefined ? {} : { token });
    rig.status({});
    const page = await context.newPage();
    if (token !== undefined) {
      await page.goto(`${rig.address}?token=${token}`);
      expect(await isLetIn(page)).toBe(true);
    }
    await using other = await pageOf(attack(rig.address));
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(`http://${host}:${other.port}/`); // the same site by another port, and another site
      await page.waitForFunction("document.title !== ''", undefined, { timeout: SEE_MS });
      const saw = await page.title();
      expect(saw).not.toContain('202');
      expect(saw.split(',').slice(1, 4)).toEqual(['failed', 'failed', 'failed']);
    }
    expect(rig.ordered).toEqual([]);
    await page.goto(rig.address);
    const own = `fetch('api/command', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ meter: 'home', command: 'restart_session' }) }).then((answer) => answer.status)`;
    expect([await page.evaluate(own), await page.evaluate(own)]).toEqual([202, 429]);
    expect(rig.ordered).toEqual(['home restart_session']);
  },
  60_000,
);

test('after ten wrong ones the form says how long to wait', async () => {
  await withRig({}, async (rig, page) => {
    await page.goto(`${rig.address}?lang=en`);
    for (let i = 0; i < 11; i++) await logIn(page, `guess-number-${i}`);
    await page.getByText(/Too many different tokens were tried\. Try again in \d+ s\./).waitFor({ timeout: SEE_MS });
    await logIn(page);
    expect(await isLetIn(page)).toBe(true);
  });
}, 90_000);

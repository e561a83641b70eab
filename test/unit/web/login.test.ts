import { describe, expect, test } from 'vitest';
import { createPageCookie, linkWithToken, makeToken } from '../../../src/web/page-token.ts';
import { askWeb, cookieOf, postForm } from '../../support/web-ask.ts';
import type { WebAnswer } from '../../support/web-ask.ts';
import { WebRig } from '../../support/web-rig.ts';

const TOKEN = 'kagi-no-kotoba-16';
const opens = async (rig: WebRig, cookie: string, path = '/api/status'): Promise<number> =>
  (await askWeb(rig, path, { headers: { cookie } })).status;
const hasCookie = ({ headers }: WebAnswer): boolean => headers['set-cookie'] !== undefined;

describe('the form', () => {
  test('the token once, and the browser is let in to page, data and metrics for a year', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    const form = await askWeb(rig, '/?lang=ja&kiosk&x=%3Cb%3E', { headers: { 'accept-language': 'en' } });
    expect([form.status, form.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(form.body).toContain('<form class="card token" method="post" action="login?lang=ja&amp;kiosk">');
    const done = await postForm(rig, '/login?lang=ja&kiosk', { token: ` ${TOKEN} ` });
    expect([done.status, done.headers.location]).toEqual([303, './?lang=ja&kiosk']);
    expect(done.headers['set-cookie']).toHaveLength(1);
    expect(done.headers['set-cookie']?.[0]).toMatch(
      /^broute2mqtt_[\w-]{8}=[\w-]{43}; Max-Age=31536000; HttpOnly; SameSite=Strict$/,
    );
    expect(done.headers['set-cookie']?.[0]).not.toContain(TOKEN);
    const cookie = cookieOf(done);
    for (const path of ['/', '/api/status']) expect(await opens(rig, cookie, path), path).toBe(200);
    expect(await opens(rig, `a=b; ${cookie}; c=d`)).toBe(200);
    expect(await opens(rig, `${cookie}x`)).toBe(401);
    expect(await opens(rig, `broute2mqtt_other=1; ${cookie.split('=')[0]}=`)).toBe(401);
  });

  test('each visit of the page renews the year, each answer of data does not', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    const cookie = cookieOf(await postForm(rig, '/login', { token: TOKEN }));
    const headers = { cookie };
    expect(cookieOf(await askWeb(rig, '/', { headers }))).toBe(cookie);
    expect(hasCookie(await askWeb(rig, '/api/status', { headers }))).toBe(false);
    expect(hasCookie(await askWeb(rig, '/', { headers: { authorization: `Bearer ${TOKEN}` } }))).toBe(false);
  });

  test.each([
    ['en', 'That is not the token.'],
    ['ja', 'トークンが違います。'],
  ])('a wrong one is said so, in %s', async (lang, text) => {
    await using rig = await WebRig.start({ token: TOKEN });
    for (const token of ['wrong', '', `${TOKEN}x`]) {
      const refused = await postForm(rig, `/login?lang=${lang}`, { token });
      expect([refused.status, hasCookie(refused)]).toEqual([401, false]);
      expect(refused.body).toContain(text);
    }
    expect((await askWeb(rig, `/?lang=${lang}`)).body).not.toContain(text);
    expect((await askWeb(rig, `/?lang=${lang}&token=wrong`)).body).toContain(text);
  });

  test('ten different wrong ones a minute, then how long to wait; the right one works all the same', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    for (let i = 0; i < 10; i++) expect((await postForm(rig, '/login', { token: `guess-${i}` })).status).toBe(401);
    const refused = await postForm(rig, '/login?lang=en', { token: 'another' });
    expect([refused.status, refused.body.includes('Too many different tokens were tried.')]).toEqual([429, true]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect((await askWeb(rig, '/api/status?token=another-one')).status).toBe(429);
    expect((await postForm(rig, '/login', { token: TOKEN })).status).toBe(303);
  });

  test('guessing by cookies counts as well', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    for (let i = 0; i < 10; i++) expect(await opens(rig, `broute2mqtt_abcdefgh=${i}`)).toBe(401);
    expect(await opens(rig, 'broute2mqtt_abcdefgh=again')).toBe(429);
  });

  test.each([
    ['no form', 'application/json', '{"token":"kagi-no-kotoba-16"}', 415],
    ['too long', 'application/x-www-form-urlencoded', `token=${'x'.repeat(2000)}`, 413],
    ['nothing', 'application/x-www-form-urlencoded', '', 401],
    ['twice', 'application/x-www-form-urlencoded', `token=x&token=${TOKEN}&__proto__=1`, 303],
  ])('%s', async (_title, type, body, status) => {
    await using rig = await WebRig.start({ token: TOKEN });
    expect((await askWeb(rig, '/login', { method: 'POST', headers: { 'content-type': type }, body })).status).toBe(
      status,
    );
  });
});

describe('the link with the token', () => {
  test('leaves the cookie and goes on without the token, with the rest of the address', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    const opened = await askWeb(rig, `/?lang=ja&token=${TOKEN}&meter=a%26b`);
    expect([opened.status, opened.headers.location]).toEqual([303, './?lang=ja&meter=a%26b']);
    expect(await opens(rig, cookieOf(opened))).toBe(200);
    expect((await askWeb(rig, `/?token=${TOKEN}`)).headers.location).toBe('./');
  });

  test('an old link with a wrong token does no harm to who is let in', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    const cookie = cookieOf(await postForm(rig, '/login', { token: TOKEN }));
    const { status, headers } = await askWeb(rig, '/?token=old', { headers: { cookie } });
    expect([status, headers.location]).toEqual([303, './']);
  });

  test('is made for a page of any address', () => {
    expect(linkWithToken('http://192.168.1.5:8080/', TOKEN)).toBe(`http://192.168.1.5:8080/?token=${TOKEN}`);
    expect(linkWithToken('http://pi/x/', 'a&b=c#d')).toBe('http://pi/x/?token=a%26b%3Dc%23d');
  });
});

describe('logging out', () => {
  test('takes the cookie back, and leaves others alone', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    const cookie = cookieOf(await postForm(rig, '/login', { token: TOKEN }));
    const gone = await postForm(rig, '/logout', {}, { cookie });
    expect([gone.status, gone.headers.location]).toEqual([303, './']);
    expect(gone.headers['set-cookie']?.[0]).toMatch(/^broute2mqtt_[\w-]{8}=; Max-Age=0; HttpOnly; SameSite=Strict$/);
    expect(await opens(rig, cookieOf(gone))).toBe(401);
    expect(hasCookie(await postForm(rig, '/logout'))).toBe(false); // as another site would send it
  });

  test('whoever types the address is led to the page', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    for (const path of ['/login', '/logout']) {
      const { status, headers } = await askWeb(rig, path);
      expect([status, headers.location, headers['set-cookie']]).toEqual([303, './', undefined]);
    }
  });
});

describe('the cookie', () => {
  const pairOf = (token: string): string => createPageCookie(token).keep({}).split(';')[0] ?? '';

  test('lasts over a restart, and ends with a new token', () => {
    expect(pairOf(TOKEN)).toBe(pairOf(TOKEN));
    expect(createPageCookie(`${TOKEN}x`).isGood({ cookie: pairOf(TOKEN) })).toBe(false);
    expect(pairOf(`${TOKEN}x`).split('=')[0]).not.toBe(pairOf(TOKEN).split('=')[0]); // two bridges on one machine
  });

  test.each([
    ['https', true],
    ['https, http', true],
    ['HTTPS', true],
    ['http', false],
    ['http, https', false],
    [undefined, false],
  ])('behind a proxy that says %s: Secure %s', (proto, secure) => {
    const cookie = createPageCookie(TOKEN);
    const request = { 'x-forwarded-proto': proto };
    expect(cookie.keep(request).includes('; Secure')).toBe(secure);
    expect(cookie.forget(request).includes('; Secure')).toBe(secure);
  });

  test('has no path: for the folder that the browser sees the page in', () => {
    expect(createPageCookie(TOKEN).keep({})).not.toMatch(/path/i);
  });
});

test('a token that is made up is one the configuration takes', () => {
  expect(makeToken()).toMatch(/^[0-9a-f]{32}$/);
  expect(makeToken()).not.toBe(makeToken());
});

test('without a token there is nothing to log in to', async () => {
  await using rig = await WebRig.start();
  for (const path of ['/login', '/logout']) {
    const { status, headers } = await postForm(rig, path, { token: 'x' });
    expect([status, headers.location, headers['set-cookie']]).toEqual([303, './', undefined]);
  }
  expect((await askWeb(rig, '/?token=x')).status).toBe(200);
});

test('in the place of smartmeter-exporter there is neither login nor command', async () => {
  await using rig = await WebRig.start({ token: TOKEN, metricsOnly: true });
  for (const path of ['/login', '/logout', '/api/command']) expect((await postForm(rig, path)).status, path).toBe(405);
});

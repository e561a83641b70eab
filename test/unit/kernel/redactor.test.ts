import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Redactor } from '../../../src/kernel/redactor.ts';

const secrets = [
  '0123456789ABCDEF0123456789ABCDEF',
  'ABCDEFGHIJKL',
  'pä"ss\\wörd/日本',
  'p@+x y&z=%#?',
  '$()*+.?[\\]^{|}/-',
  'abcd',
];

function redact(text: string, ...known: readonly string[]): string {
  const redactor = new Redactor();
  for (const secret of known) redactor.add(secret);
  return redactor.redact(text);
}

const login = (secret: string): string => {
  const url = new URL('mqtt://broker:1883');
  url.username = 'me';
  url.password = secret;
  return url.toString();
};
const forms: readonly (readonly [string, (secret: string) => string])[] = [
  ['as typed', (secret) => `SKSETPWD C ${secret}`],
  ['in JSON', (secret) => JSON.stringify({ is: secret })],
  ['in JSON inside JSON', (secret) => JSON.stringify({ msg: JSON.stringify({ is: secret }) })],
  ['as a URL component', (secret) => encodeURIComponent(secret)],
  ['as a URL component in lower case', (secret) => encodeURIComponent(secret).toLowerCase()],
  ['in a URL’s login', login],
  ['in a query', (secret) => `?${new URLSearchParams({ token: secret }).toString()}`],
  ['in hex', (secret) => Buffer.from(secret).toString('hex')],
  ['in upper-case hex', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
  ['in upper case', (secret) => secret.toUpperCase()],
];
for (const secret of secrets) {
  for (const [name, write] of forms) {
    test(`${secret} ${name} is removed`, () => {
      const text = write(secret);
      const clean = redact(text, secret);
      expect(clean).toContain('[redacted]');
      expect(clean.toLowerCase()).not.toContain(write(secret).toLowerCase());
      expect(clean.toLowerCase()).not.toContain(secret.toLowerCase());
    });
  }

  for (const alphabet of ['base64', 'base64url'] as const) {
    for (let offset = 0; offset < 7; offset++) {
      test(`${secret} in ${alphabet} behind ${offset} bytes cannot be read back`, () => {
        const text = Buffer.from(`${'u'.repeat(offset)}${secret}@tail`).toString(alphabet);
        const clean = redact(text, secret);
        expect(clean).toContain('[redacted]');
        expect(clean.length - '[redacted]'.length).toBeLessThan(((offset + 5) * 8) / 6 + 5);
      });
    }
  }
}

test('several secrets are removed, the one inside another too', () => {
  expect(redact('abcdef abcd xyz9', 'abcd', 'abcdef', 'xyz9')).toBe('[redacted] [redacted] [redacted]');
});

test('without secrets, and with too short ones, text passes as it is', () => {
  expect(redact('abc SKVER')).toBe('abc SKVER');
  expect(redact('abc SKVER', 'abc', '')).toBe('abc SKVER');
});

test('whatever the secret is, it is gone and the text around it is kept', () => {
  const secret = fc
    .string({ minLength: 6, maxLength: 40 })
    .filter((text) => !text.includes('<') && !text.includes('>'));
  fc.assert(
    fc.property(secret, (text) => {
      expect(redact(`<${text}>`, text)).toBe('<[redacted]>');
    }),
  );
});

test('a secret that is no whole text is removed too', () => {
  expect(redact('is \ud800secret!', '\ud800secret')).toBe('is [redacted]!');
});

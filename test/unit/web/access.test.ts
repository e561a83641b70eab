import { describe, expect, test } from 'vitest';
import { createTokenCheck, languageOfRequest } from '../../../src/web/access.ts';

describe('the language of a request', () => {
  test.each([
    [{ lang: 'en' }, 'ja', 'ja', 'en'],
    [{ lang: 'fr' }, 'ja', 'en', 'ja'],
    [{ lang: ['en', 'en'] }, undefined, 'ja', 'ja'],
    [{}, 'ja-JP,ja;q=0.9,en;q=0.8', 'en', 'ja'],
    [{}, 'de, en-GB;q=0.7, ja;q=0.3', 'ja', 'en'],
    [{}, 'fr;q=0.9, en;q=0.2, ja;q=0.4', 'en', 'ja'],
    [{}, 'en;q=0', 'ja', 'ja'],
    [{}, 'en;q=x', 'ja', 'ja'],
    [{}, 'fr', 'ja', 'ja'],
    [{}, undefined, 'en', 'en'],
    [{}, ';;,,=', 'en', 'en'],
  ] as const)('%o with Accept-Language %s, configured %s: %s', (query, header, configured, expected) => {
    expect(languageOfRequest(query, header, configured)).toBe(expected);
  });
});

describe('the token', () => {
  const check = createTokenCheck('kagi-kagi');
  test.each([
    ['Bearer kagi-kagi', {}, true],
    ['bearer  kagi-kagi', {}, true],
    [undefined, { token: 'kagi-kagi' }, true],
    [undefined, {}, false],
    ['Bearer kagi-kag', {}, false],
    ['Basic kagi-kagi', {}, false],
    ['Bearer wrong', { token: 'kagi-kagi' }, false],
    [undefined, { token: ['kagi-kagi', 'x'] }, false],
    [undefined, { token: '' }, false],
  ] as const)('%s and %o: %s', (header, query, expected) => {
    expect(check(header, query)).toBe(expected);
  });

  test('everybody may read where none is configured', () => {
    expect(createTokenCheck(undefined)(undefined, {})).toBe(true);
  });
});

import { expect, test } from 'vitest';
import { languageOfEnvironment } from '../../../src/kernel/language.ts';

const environments: readonly (readonly [Record<string, string>, string])[] = [
  [{}, 'en'],
  [{ LANG: 'ja_JP.UTF-8' }, 'ja'],
  [{ LANG: 'JA' }, 'ja'],
  [{ LANG: 'en_US.UTF-8' }, 'en'],
  [{ LANG: 'C' }, 'en'],
  [{ LANG: 'en_US', LC_MESSAGES: 'ja_JP' }, 'ja'],
  [{ LANG: 'ja_JP', LC_MESSAGES: 'en_US' }, 'en'],
  [{ LANG: 'ja_JP', LC_ALL: 'C.UTF-8' }, 'en'],
  [{ LANG: 'ja_JP', LC_ALL: '' }, 'ja'],
];
for (const [env, language] of environments) {
  test(`${JSON.stringify(env)} asks for ${language}`, () => {
    expect(languageOfEnvironment(env)).toBe(language);
  });
}

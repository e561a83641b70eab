import { expect, test } from 'vitest';

type Words = Readonly<Record<string, unknown>>;

/** What the page's scripts write; they are no TypeScript. */
const wordsOf = async (language: string): Promise<Words> => {
  const file = new URL(`../../../src/web/static/page-${language}.js`, import.meta.url).href;
  return ((await import(file)) as { readonly words: Words }).words;
};

/** Names and kinds, without the texts. */
const shapeOf = (value: unknown): unknown => {
  if (typeof value === 'function') return `of ${value.length}`;
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOf(part)]));
};

test('the page says the same things in both languages', async () => {
  const [japanese, english] = await Promise.all([wordsOf('ja'), wordsOf('en')]);
  expect(shapeOf({ ...japanese, quantities: '' })).toEqual(shapeOf({ ...english, quantities: '' }));
  expect(Object.keys(japanese['quantities'] as Words)).toEqual(Object.keys(english['quantities'] as Words));
});

test('no Japanese in the English texts', async () => {
  const texts = JSON.stringify(await wordsOf('en'), (_key, value: unknown) =>
    typeof value === 'function' ? (value as (...all: string[]) => string)('1', '2') : value,
  );
  expect(texts).not.toMatch(/[\u3041-\u30ff\u4e00-\u9fff（）・～]/);
});

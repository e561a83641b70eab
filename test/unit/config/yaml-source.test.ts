import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readYaml } from '../../../src/config/yaml-source.ts';
import { ID, load, minimal, problems } from './load-text.ts';

test.each<[name: string, yaml: string, problem: string]>([
  ['a tab', 'meters:\n\t- id: a', '2: is indented with a tab: use spaces'],
  ['a key twice', minimal('    interval_s: 5\n    interval_s: 6\n'), '7: this key is given twice'],
  ['an open quote', 'mqtt:\n  url: "abc', '2: a quote, bracket or colon is missing, or the indentation is off'],
  ['a second document', `${minimal()}---\na: 1`, '8: begins a second document (---): only one is allowed'],
  [
    'a tag',
    minimal('', '  password: !secret mqtt'),
    '8: tags such as !secret are not understood; a key ending in _file reads a secret from a file',
  ],
  ['an unknown alias', minimal('', '  password: *abc'), '8: a text that begins with * or & needs quotes'],
  [
    'an at sign',
    minimal('', '  password: @abc'),
    '8: is not valid YAML here: a text with special characters needs quotes',
  ],
  ['a backslash', minimal('', '  password: "a\\c"'), `8: a backslash in "…" is special: use '…'`],
  [
    'bad indentation',
    'meters:\n  - id: a\n   device: b',
    '3: a quote, bracket or colon is missing, or the indentation is off',
  ],
  [
    'a list at the top',
    '- a',
    '1: must hold keys and values, one `key: value` a line (is the space after a colon missing?)',
  ],
])('%s', async (_name, yaml, problem) => {
  const found = await problems(yaml);
  expect(
    found.some((line) => line === `config.yaml:${problem}`),
    found.join('\n'),
  ).toBe(true);
});

test.each([
  ['', 'is empty'],
  ['# nothing\n', 'is empty'],
  ['---\n', 'is empty'],
])('empty: %j', async (yaml, start) => {
  const how = 'Or write one and edit it: broute2mqtt config example >';
  expect(await problems(yaml, { env: { BROUTE2MQTT_LANGUAGE: 'en' } })).toEqual([
    `config.yaml: ${start}. Delete it and let it be made: broute2mqtt setup. ${how} config.yaml`,
  ]);
  expect(await problems(yaml, { path: 'my.yaml', pathGiven: true })).toEqual([
    `my.yaml: ${start}. Delete it and let it be made: broute2mqtt setup --config my.yaml. ${how} my.yaml`,
  ]);
});

test('a file in Shift_JIS or UTF-16 is told to be saved as UTF-8; a byte order mark does no harm', async () => {
  const expected = ['config.yaml: is not UTF-8: save it as UTF-8'];
  expect(await problems(Uint8Array.of(0x6e, 0x3a, 0x20, 0x83, 0x58, 0x83, 0x7d))).toEqual(expected);
  expect(await problems(Buffer.from(`\uFEFF${minimal()}`, 'utf16le'))).toEqual(expected);
  expect(await problems(`\uFEFF${minimal()}`)).toEqual([]);
});

test('Windows line ends do no harm, to the line numbers neither', async () => {
  expect(await problems(minimal('    interval_s: 1\n').replaceAll('\n', '\r\n'))).toEqual([
    'config.yaml:6: meters[0].interval_s: must be at least 2',
  ]);
});

test.each<[name: string, yaml: string]>([
  [
    'aliases upon aliases',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`)
      .join('\n')}`,
  ],
  ['a circle', 'a: &a [*a]'],
  ['a thousand brackets', '['.repeat(1000) + ']'.repeat(1000)],
  ['very many brackets', '{a: '.repeat(20_000)],
  ['very many items', `a: [${'1,'.repeat(25_000)}]`],
])('bounded: %s', async (_name, yaml) => {
  expect(await problems(yaml)).not.toEqual([]);
});

test('no text and no bytes make it throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 })),
      async (input) => {
        expect((await load(input)).ok).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

test('no damage to a good file makes it throw', async () => {
  const good = minimal('    interval_s: 5\n', 'http: {listen: "[::1]:80"}\n');
  const pieces = [
    '"',
    "'",
    ':',
    '\n',
    '\t',
    '- ',
    '{',
    '}',
    '[',
    '*a',
    '&a ',
    '!x ',
    '|',
    '>',
    '---\n',
    '#',
    '__proto__: 1',
    'constructor: ',
    '<<: *a',
    '\0',
  ];
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length), fc.nat(8), fc.constantFrom(...pieces), async (at, cut, piece) => {
      await load(good.slice(0, at) + piece + good.slice(at + cut));
    }),
    { numRuns: 500 },
  );
});

test('a syntax error quotes nothing of the file', () => {
  fc.assert(
    fc.property(
      fc.nat(200),
      fc.constantFrom('"', '\t', '}', ']', '*', '@', '%', '`', ': ', '\n? ', '!!binary '),
      (at, piece) => {
        const good = minimal();
        const { problems: found } = readYaml('f', Buffer.from(good.slice(0, at) + piece + good.slice(at)));
        expect(JSON.stringify(found)).not.toContain(ID.slice(0, 8));
      },
    ),
  );
});

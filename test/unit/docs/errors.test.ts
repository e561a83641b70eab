import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorsDocument } from '../../../scripts/docs-errors.ts';
import { BridgeError, ERROR_CODES, recoveryOf } from '../../../src/kernel/errors.ts';

const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const sections = text.split(/^## /m).slice(1);

test('the document is what `npm run docs:errors` makes of the catalogue', () => {
  expect(text).toBe(errorsDocument());
});

test('every error code has its heading, in the order of the catalogue', () => {
  expect(sections.map((section) => section.slice(0, section.indexOf('\n')))).toEqual([...ERROR_CODES]);
});

test.each(ERROR_CODES.map((code, at) => [code, sections[at] ?? ''] as const))(
  '%s says what the program says',
  (code, section) => {
    const error = new BridgeError(code, '');
    expect(section).toContain(`\n- recovery: ${recoveryOf(error)}\n`);
    expect(section).toContain(`\n- en: ${error.hint('en')}\n`);
    expect(section).toContain(`\n- ja: ${error.hint('ja')}\n`);
  },
);

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, suggestion } from '../../../src/kernel/suggestion.ts';

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['abc', 'abc', 0],
  ['abc', 'abd', 1],
  ['abc', 'acb', 1],
  ['kitten', 'sitting', 3],
])('%s → %s takes %i edits', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
});

test('the distance is symmetric and zero only for the same', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});

test('the nearest wins; what is far is not suggested', () => {
  expect(suggestion('lisen', ['listen', 'token'])).toBe('listen');
  expect(suggestion('BaseTopic', ['url', 'base_topic'])).toBe('base_topic');
  expect(suggestion('colour', ['listen', 'token'])).toBeUndefined();
  expect(suggestion('x'.repeat(5000), ['listen'])).toBeUndefined();
});

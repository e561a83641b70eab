import type { Text } from './language.ts';

/** Edits between two words: insert, delete, replace, swap neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** Spelling differences that say nothing: case, `_`, `-`. */
const plain = (word: string): string => word.toLowerCase().replace(/[_-]/g, '');

/** The candidate that was probably meant; undefined when none is near. */
export function suggestion(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 100) return undefined;
  const meant = plain(word);
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(meant, plain(candidate));
    const limit = Math.max(1, Math.floor(plain(candidate).length / 3));
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** The sentence with the suggestion behind it, when there is one. */
export const withSuggestion = (text: Text, meant: string | undefined): Text =>
  meant === undefined
    ? text
    : { en: `${text.en}; did you mean "${meant}"?`, ja: `${text.ja}。「${meant}」のことですか？` };

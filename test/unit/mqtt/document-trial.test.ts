import { expect, test } from 'vitest';
import { DocumentTrial } from '../../../src/mqtt/document-trial.ts';

/** One connection: up, the document sent 10 ms later, gone after `livedMs`. @returns whether it is left out from then on. */
function life(trial: DocumentTrial, fromMs: number, livedMs: number, acknowledged = false): boolean {
  trial.up(fromMs);
  if (!trial.isRefused(fromMs)) trial.sent(fromMs + 10);
  if (acknowledged) trial.acknowledged();
  return trial.down(fromMs + livedMs);
}

test('closed at once, twice: left out for a day; then once is enough', () => {
  const trial = new DocumentTrial();
  expect([life(trial, 0, 20), life(trial, 1000, 20)]).toEqual([false, true]);
  expect(life(trial, 2000, 600_000)).toBe(false);
  expect(trial.isRefused(1020 + 86_399_000)).toBe(true);
  expect(trial.isRefused(1020 + 86_400_000)).toBe(false);
  expect(life(trial, 90_000_000, 20)).toBe(true);
});

test('what was acknowledged, or went later, was not the document’s doing', () => {
  const trial = new DocumentTrial();
  for (let i = 0; i < 5; i++) expect(life(trial, i * 10_000, 20, true)).toBe(false);
  for (let i = 5; i < 10; i++) expect(life(trial, i * 10_000, 6000)).toBe(false);
  expect([life(trial, 200_000, 20), life(trial, 210_000, 20, true), life(trial, 220_000, 20)]).toEqual([
    false,
    false,
    false,
  ]);
});

test('a connection that goes without the document too: it is tried again', () => {
  const trial = new DocumentTrial();
  life(trial, 0, 20);
  expect(life(trial, 1000, 20)).toBe(true);
  life(trial, 2000, 20);
  expect(trial.isRefused(3000)).toBe(false);
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOfLatin1 } from '../../src/kernel/bytes.ts';
import { readTranscript, transcriptNames } from '../../test/support/transcript.ts';
import { goldenFrames, hex } from '../../test/unit/echonet/golden.ts';

/** `measure/fuzz/corpus/<target>`: small inputs that reach far, and those that broke something once. */
export function corpusOf(target: string): Uint8Array[] {
  const folder = join(import.meta.dirname, 'corpus', target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => new Uint8Array(readFileSync(join(folder, file))));
}

export const wordsOf = (...words: readonly string[]): Uint8Array[] => words.map((word) => bytesOfLatin1(word));

export const frames: readonly Uint8Array[] = goldenFrames.map(({ hex: text }) => hex(text));

/** Every capture in pieces of some lines: short enough that a wound meets something that matters. */
function slices(side: 'module' | 'host'): Uint8Array[] {
  return transcriptNames.flatMap((name) => {
    const lines = readTranscript(name).lines.filter(({ from }) => from === side);
    return Array.from({ length: Math.ceil(lines.length / 6) }, (_, i) =>
      Buffer.concat(lines.slice(6 * i, 6 * i + 6).map(({ bytes }) => bytes)),
    );
  });
}

export const moduleBytes = (): Uint8Array[] => slices('module');
export const hostBytes = (): Uint8Array[] => slices('host');

/** Captures as files, those that are not much longer than an input may be. */
export const transcriptTexts = (): Uint8Array[] =>
  transcriptNames
    .map(
      (name) => new Uint8Array(readFileSync(join(import.meta.dirname, '../../test/golden/transcripts', `${name}.txt`))),
    )
    .filter(({ length }) => length <= 6000);

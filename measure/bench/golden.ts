import { readFileSync } from 'node:fs';
import { bytesOfHex } from '../../src/kernel/bytes.ts';

/** The published frames of test/golden: requests, answers, notifications, partial refusals. */
export function goldenFrames(): readonly Uint8Array[] {
  const text = readFileSync(new URL('../../test/golden/frames.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as readonly { readonly hex: string }[]).map(({ hex }) => bytesOfHex(hex));
}

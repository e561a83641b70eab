import { readFileSync } from 'node:fs';
import { bytesOfHex } from '../../../src/kernel/bytes.ts';
import { readTranscript } from '../../support/transcript.ts';

export interface GoldenFrame {
  readonly name: string;
  readonly side: 'host' | 'module';
  readonly bytes: Uint8Array;
  /** A command, a notification, or `{ answers, result, data }`; bytes in it are hex. */
  readonly value: Readonly<Record<string, unknown>>;
}

interface Row extends Omit<GoldenFrame, 'bytes'> {
  readonly hex: string;
}

/** `test/golden/j11.json`, described in the README beside it. */
export const goldenFrames: readonly GoldenFrame[] = (
  JSON.parse(readFileSync(new URL('../../golden/j11.json', import.meta.url), 'utf8')) as readonly Row[]
).map(({ hex, ...row }) => ({ ...row, bytes: bytesOfHex(hex) }));

/** The 24 requests of a Rust driver's tests. */
export const requestVectors: readonly Uint8Array[] = readTranscript('j11-command-vectors').lines.map(
  ({ bytes }) => bytes,
);

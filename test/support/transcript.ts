import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTranscript as parse } from '../../src/transcript/transcript.ts';
import type { Transcript as Recorded, TranscriptLine } from '../../src/transcript/transcript.ts';

/** A file in `test/golden/transcripts`, whose README describes the form. */
export interface Transcript extends Recorded {
  readonly name: string;
  readonly hostBytes: Uint8Array;
  readonly moduleBytes: Uint8Array;
}

const folder = join(import.meta.dirname, '../golden/transcripts');

export const transcriptNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => file.slice(0, -'.txt'.length))
  .sort();

export const readTranscript = (name: string): Transcript =>
  parseTranscript(name, readFileSync(join(folder, `${name}.txt`), 'utf8'));

/** @throws Error on a line of no known form: a fixture nobody reads must not pass. */
export function parseTranscript(name: string, text: string): Transcript {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(`${name}:${parsed.problem.line}: ${parsed.problem.reason.en}`);
  const { header, lines } = parsed.value;
  const bytesFrom = (side: TranscriptLine['from']): Uint8Array =>
    joinBytes(lines.filter(({ from }) => from === side).map(({ bytes }) => bytes));
  return { name, header, lines, hostBytes: bytesFrom('host'), moduleBytes: bytesFrom('module') };
}

export const joinBytes = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOfHex, bytesOfLatin1 } from '../../src/skstack/hex.ts';

/** One `>` or `<` line of a file in `test/golden/transcripts`, whose README describes the form. */
export interface TranscriptLine {
  readonly from: 'host' | 'module';
  /** As published, escapes and braces still in it. */
  readonly text: string;
  readonly atS?: number;
  /** As on the wire, line end and all. */
  readonly bytes: Uint8Array;
}

export interface Transcript {
  readonly name: string;
  /** `# key: value`; a key may come several times. */
  readonly header: ReadonlyMap<string, readonly string[]>;
  readonly lines: readonly TranscriptLine[];
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
  const header = new Map<string, string[]>();
  const lines: TranscriptLine[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line === '#' || line.startsWith(';')) continue;
    const comment = /^# ([a-z]+): (.*)$/.exec(line);
    if (comment) {
      const [, key = '', value = ''] = comment;
      header.set(key, [...(header.get(key) ?? []), value]);
      continue;
    }
    const exchange = /^([<>])(?:\[(\d+(?:\.\d+)?)\])? (.*)$/.exec(line);
    if (!exchange) throw new Error(`${name}: unknown line "${line}"`);
    const [, sign, atS, body = ''] = exchange;
    lines.push({
      from: sign === '>' ? 'host' : 'module',
      text: body,
      ...(atS === undefined ? {} : { atS: Number(atS) }),
      bytes: wireBytes(body),
    });
  }
  const bytesFrom = (side: TranscriptLine['from']): Uint8Array =>
    joinBytes(lines.filter(({ from }) => from === side).map(({ bytes }) => bytes));
  return { name, header, lines, hostBytes: bytesFrom('host'), moduleBytes: bytesFrom('module') };
}

function wireBytes(body: string): Uint8Array {
  const lineEnd = body.endsWith('\\r') ? '\r' : body.endsWith('\\c') ? '' : '\r\n';
  const text = lineEnd === '\r\n' ? body : body.slice(0, -2);
  const parts = text
    .split(/(\{(?:[0-9A-F]{2})+\})/)
    .map((part) => (part.startsWith('{') ? bytesOfHex(part.slice(1, -1)) : bytesOfLatin1(part)));
  return joinBytes([...parts, bytesOfLatin1(lineEnd)]);
}

export const joinBytes = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

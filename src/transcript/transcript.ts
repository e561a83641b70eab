import { bytesOfHex, bytesOfLatin1, hex, hexOfBytes, latin1OfBytes } from '../kernel/bytes.ts';

/** The form of this file that this program writes; one with a higher number is refused, not misread. */
export const FORMAT = 'broute2mqtt transcript';
export const FORMAT_VERSION = 1;

export type Side = 'host' | 'module';

/** One `>` or `<` line. */
export interface TranscriptLine {
  readonly from: Side;
  /** As written in the file, escapes and braces still in it. */
  readonly text: string;
  /** Seconds since the recording began. */
  readonly atS?: number;
  /** As on the wire, line end and all. */
  readonly bytes: Uint8Array;
}

export interface Transcript {
  /** `# key: value`; a key may come several times. */
  readonly header: ReadonlyMap<string, readonly string[]>;
  readonly lines: readonly TranscriptLine[];
}

/** Why a text is no transcript, with the number of its line, from 1. */
export interface TranscriptProblem {
  readonly line: number;
  readonly reason: string;
}

const HEADER = /^# ([a-z]+): (.*)$/;
const EXCHANGE = /^([<>])(?:\[(\d{1,9}(?:\.\d{1,6})?)\])? (.*)$/;

/**
 * Reads a transcript: our own recordings and published captures alike (`test/golden/transcripts/README.md` has the form).
 * Total: never throws. A line of no known form refuses the file: a fixture nobody reads must not pass.
 */
export function parseTranscript(
  text: string,
): { ok: true; value: Transcript } | { ok: false; problem: TranscriptProblem } {
  const header = new Map<string, string[]>();
  const lines: TranscriptLine[] = [];
  const refuse = (index: number, reason: string) => ({ ok: false, problem: { line: index + 1, reason } }) as const;
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.replace(/\r$/, ''); // mail and editors on Windows
    if (line === '' || line === '#' || line.startsWith(';')) continue;
    if (line.startsWith('#')) {
      const [, key = '', value = ''] = HEADER.exec(line) ?? [];
      if (key === '') return refuse(i, 'a header is written "# key: value"');
      const problem = key === 'format' ? formatProblem(value) : undefined;
      if (problem) return refuse(i, problem);
      header.set(key, [...(header.get(key) ?? []), value]);
      continue;
    }
    const [, sign, atS, body] = EXCHANGE.exec(line) ?? [];
    if (body === undefined) return refuse(i, 'neither "> …", "< …", "# key: value" nor "; remark"');
    const bytes = wireBytes(body);
    if (typeof bytes === 'string') return refuse(i, bytes);
    const from = sign === '>' ? 'host' : 'module';
    lines.push({ from, text: body, ...(atS === undefined ? {} : { atS: Number(atS) }), bytes });
  }
  return lines.length === 0 ? refuse(0, 'no line of the wire is in it') : { ok: true, value: { header, lines } };
}

function formatProblem(value: string): string | undefined {
  const version = value.startsWith(`${FORMAT} `) ? Number(value.slice(FORMAT.length)) : Number.NaN;
  if (!Number.isInteger(version)) return 'not a format of this program';
  return version > FORMAT_VERSION ? `format ${version} comes from a newer version of this program` : undefined;
}

/** @returns the bytes, or why there are none. */
function wireBytes(body: string): Uint8Array | string {
  const end = body.endsWith('\\r') ? '\r' : body.endsWith('\\c') ? '' : '\r\n';
  const text = end === '\r\n' ? body : body.slice(0, -2);
  const outside = text.replaceAll(BRACES, '');
  if (outside.includes('{')) return 'braces hold pairs of hex digits: {0D0A}';
  const stray = /[^\x20-\xff]/.exec(outside);
  if (stray) return `U+${hex(stray[0].codePointAt(0) ?? 0, 4)} is no byte`;
  const parts = text
    .split(BRACES_KEPT)
    .map((part) => (BRACES_WHOLE.test(part) ? bytesOfHex(part.slice(1, -1)) : bytesOfLatin1(part)));
  return new Uint8Array(Buffer.concat([...parts, bytesOfLatin1(end)]));
}

const BRACES = /\{(?:[0-9A-F]{2})+\}/gi;
const BRACES_KEPT = /(\{(?:[0-9A-F]{2})+\})/i;
const BRACES_WHOLE = /^\{(?:[0-9A-F]{2})+\}$/i;

/** Printable ASCII stands for itself; what has a meaning here, and a blank that an editor may cut off, do not. */
const PLAIN = /[\x20-\x5b\x5d-\x7a\x7c\x7e]/;
/** Fewer plain characters than this between others are written in hex with them: `{1081000130}`, not `{10810001}0`. */
const SHORT_RUN =
  /([^\x20-\x5b\x5d-\x7a\x7c\x7e])([\x20-\x5b\x5d-\x7a\x7c\x7e]{1,5})(?=[^\x20-\x5b\x5d-\x7a\x7c\x7e]|$)/g;

/** Bytes as one line of a transcript; `wireBytes` is its inverse for every input. @param dataAt where raw data begin: written in hex as a whole. */
export function transcriptText(bytes: Uint8Array, dataAt?: number): string {
  const all = latin1OfBytes(bytes);
  const [ending, body] = all.endsWith('\r\n')
    ? ['', all.slice(0, -2)]
    : all.endsWith('\r')
      ? ['\\r', all.slice(0, -1)]
      : ['\\c', all];
  const text = body.slice(0, dataAt ?? body.length);
  const data = body.slice(text.length);
  const marked = Array.from(text, (letter) => PLAIN.test(letter));
  for (const { index, 0: found } of text.matchAll(SHORT_RUN)) marked.fill(false, index, index + found.length);
  const blanks = data === '' ? / +$/.exec(text) : null;
  if (blanks) marked.fill(false, blanks.index);
  let out = '';
  let hidden = '';
  const flush = (): void => {
    if (hidden !== '') out += `{${hexOfBytes(bytesOfLatin1(hidden))}}`;
    hidden = '';
  };
  for (const [i, letter] of Array.from(text).entries()) {
    if (!marked[i]) hidden += letter;
    else {
      flush();
      out += letter;
    }
  }
  hidden += data;
  flush();
  return out + ending;
}

/** A whole file. */
export function formatTranscript(
  header: readonly (readonly [string, string])[],
  lines: readonly {
    readonly from: Side;
    readonly atMs: number;
    readonly bytes: Uint8Array;
    readonly dataAt?: number;
  }[],
): string {
  const head = header.map(([key, value]) => `# ${key}: ${value.replaceAll(/[^\x20-\x7e]/g, '?')}\n`);
  const body = lines.map(
    ({ from, atMs, bytes, dataAt }) =>
      `${from === 'host' ? '>' : '<'}[${(atMs / 1000).toFixed(3)}] ${transcriptText(bytes, dataAt)}\n`,
  );
  return `${head.join('')}#\n${body.join('')}`;
}

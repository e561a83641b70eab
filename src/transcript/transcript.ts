import { bytesOfHex, bytesOfLatin1, concatBytes, hex, hexOfBytes, latin1OfBytes } from '../kernel/bytes.ts';
import type { Text } from '../kernel/language.ts';

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
  readonly reason: Text;
}

const HEADER = /^# ([a-z]+): (.*)$/;
const BAD_HEADER: Text = {
  en: 'a header is written "# key: value"',
  ja: 'ヘッダーは「# キー: 値」の形で書いてください',
};
const BAD_LINE: Text = {
  en: 'neither "> …", "< …", "# key: value" nor "; remark"',
  ja: '「> …」「< …」「# キー: 値」「; 注釈」のどれでもありません',
};
const NO_LINE: Text = { en: 'no line of the wire is in it', ja: '通信の行が1つもありません' };
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
  const refuse = (index: number, reason: Text) => ({ ok: false, problem: { line: index + 1, reason } }) as const;
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.replace(/\r$/, ''); // mail and editors on Windows
    if (line === '' || line === '#' || line.startsWith(';')) continue;
    if (line.startsWith('#')) {
      const [, key = '', value = ''] = HEADER.exec(line) ?? [];
      if (key === '') return refuse(i, BAD_HEADER);
      const problem = key === 'format' ? formatProblem(value) : undefined;
      if (problem) return refuse(i, problem);
      header.set(key, [...(header.get(key) ?? []), value]);
      continue;
    }
    const [, sign, atS, body] = EXCHANGE.exec(line) ?? [];
    if (body === undefined) return refuse(i, BAD_LINE);
    const bytes = wireBytes(body);
    if ('en' in bytes) return refuse(i, bytes);
    const from = sign === '>' ? 'host' : 'module';
    lines.push({ from, text: body, ...(atS === undefined ? {} : { atS: Number(atS) }), bytes });
  }
  return lines.length === 0 ? refuse(0, NO_LINE) : { ok: true, value: { header, lines } };
}

function formatProblem(value: string): Text | undefined {
  const version = value.startsWith(`${FORMAT} `) ? Number(value.slice(FORMAT.length)) : Number.NaN;
  if (!Number.isInteger(version))
    return { en: 'not a format of this program', ja: 'このプログラムの形式ではありません' };
  if (version <= FORMAT_VERSION) return undefined;
  return {
    en: `format ${version} comes from a newer version of this program`,
    ja: `形式 ${version} は、このプログラムの新しいバージョンのものです`,
  };
}

const BRACED = /\{((?:[0-9A-F]{2})+)\}/i;

/** @returns the bytes, or why there are none. */
function wireBytes(body: string): Uint8Array | Text {
  const end = body.endsWith('\\r') ? '\r' : body.endsWith('\\c') ? '' : '\r\n';
  const parts = (end === '\r\n' ? body : body.slice(0, -2)).split(BRACED); // what stood in braces is every other one
  const outside = parts.filter((_, i) => i % 2 === 0).join('');
  if (outside.includes('{'))
    return { en: 'braces hold pairs of hex digits: {0D0A}', ja: '波かっこの中は2桁ずつの16進数です: {0D0A}' };
  const stray = /[^\x20-\xff]/.exec(outside);
  if (stray) {
    const code = `U+${hex(stray[0].codePointAt(0) ?? 0, 4)}`;
    return { en: `${code} is no byte`, ja: `${code} はバイトではありません` };
  }
  return concatBytes(
    ...parts.map((part, i) => (i % 2 === 0 ? bytesOfLatin1(part) : bytesOfHex(part))),
    bytesOfLatin1(end),
  );
}

/**
 * What is written in hex: all but printable ASCII without what has a meaning here, and with it what is printable but
 * shorter than six characters between others: `{1081000130}`, not `{10810001}0`.
 */
const IN_HEX =
  /[^\x20-\x5b\x5d-\x7a\x7c\x7e](?:[\x20-\x5b\x5d-\x7a\x7c\x7e]{0,5}[^\x20-\x5b\x5d-\x7a\x7c\x7e])*(?:[\x20-\x5b\x5d-\x7a\x7c\x7e]{1,5}$)?/g;

const braced = (latin1: string): string => (latin1 === '' ? '' : `{${hexOfBytes(bytesOfLatin1(latin1))}}`);

/** Bytes as one line of a transcript; `wireBytes` is its inverse for every input. @param dataAt where raw data begin: written in hex as a whole. */
export function transcriptText(bytes: Uint8Array, dataAt?: number): string {
  const all = latin1OfBytes(bytes);
  const [ending, end] = all.endsWith('\r\n') ? ['', 2] : all.endsWith('\r') ? ['\\r', 1] : ['\\c', 0];
  const body = all.slice(0, all.length - end);
  const data = body.slice(dataAt ?? body.length);
  let text = body.slice(0, body.length - data.length).replaceAll(IN_HEX, braced);
  if (data === '') text = text.replace(/ +$/, braced); // an editor may cut them off
  return (text + braced(data)).replaceAll('}{', '') + ending;
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

import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, ErrorCode, Node, Pair } from 'yaml';
import type { Text } from '../kernel/language.ts';
import type { Locator, Problem } from './problems.ts';
import type { Path } from './keys.ts';

export interface YamlSource extends Locator {
  /** What the file says, without aliases; undefined when empty or unusable. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The problems make what was read meaningless. */
  readonly broken: boolean;
}

const MAX_BYTES = 1_000_000;
const MAX_NODES = 20_000;
const MAX_DEPTH = 12;
const MAX_SHOWN = 5;

/** Reads a YAML file. Total: whatever the bytes are, they are problems, never an exception; no content is quoted. */
export function readYaml(where: string, bytes: Uint8Array): YamlSource {
  const refuse = (text: Text, line?: number): YamlSource => ({
    value: undefined,
    problems: [{ where, ...(line !== undefined && { line }), text }],
    broken: true,
    locate: () => undefined,
  });
  if (bytes.length > MAX_BYTES) return refuse(TEXTS.tooLarge);
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(TEXTS.encoding);
  }
  try {
    return parse(where, source);
  } catch {
    return refuse(TEXTS.tooDeep); // the parser's own stack, or its limit on aliases
  }
}

function parse(where: string, source: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false, // or its messages quote the line, password and all
    stringKeys: true,
    merge: true,
  });
  const lineOf = (offset: number): number => Math.max(1, lines.linePos(Math.min(offset, source.length)).line);
  const loose = looseAliases(document);
  const broken = loose.length > 0 || document.errors.some(({ code }) => code !== 'DUPLICATE_KEY');
  const problems = new Map<number, Problem>();
  for (const { code, pos } of [...document.errors, ...document.warnings, ...loose]) {
    const line = lineOf(pos[0]);
    if (!problems.has(line)) problems.set(line, { where, line, text: ERROR_TEXTS[code] ?? TEXTS.syntax });
  }
  return {
    value: broken ? undefined : plain(document),
    problems: [...problems.values()].slice(0, MAX_SHOWN),
    broken,
    locate: (path) => locate(document, path, lineOf),
  };
}

/** Aliases of nothing, such as a password that begins with `*`; the parser finds them only when it is too late for a line. */
function looseAliases(document: Document.Parsed): { code: ErrorCode; pos: [number, number] }[] {
  const anchors = new Set<string>();
  const loose: { code: ErrorCode; pos: [number, number] }[] = [];
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) loose.push({ code: 'BAD_ALIAS', pos: [node.range?.[0] ?? 0, 0] });
      } else if (node.anchor) anchors.add(node.anchor);
    },
  });
  return loose;
}

/** A copy without aliases and with bounds, so that no alias bomb and no circle gets any further. */
function plain(document: Document.Parsed): unknown {
  let nodes = 0;
  const copy = (value: unknown, depth: number): unknown => {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) throw new RangeError('too large');
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, depth + 1)]));
  };
  return copy(document.toJS({ maxAliasCount: 100 }), 0);
}

function locate(
  document: Document.Parsed,
  path: Path,
  lineOf: (offset: number) => number,
): { line: number; exact: boolean } | undefined {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0];
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    const next: { readonly value: unknown; readonly start: Node | undefined } | undefined =
      isMap(node) && typeof part === 'string'
        ? pairOf(node.items, part)
        : isSeq(node) && typeof part === 'number' && part < node.items.length
          ? { value: node.items[part], start: isNode(node.items[part]) ? node.items[part] : undefined }
          : undefined;
    if (!next) return offset === undefined ? undefined : { line: lineOf(offset), exact: false };
    node = next.value;
    offset = next.start?.range?.[0] ?? offset;
  }
  return offset === undefined ? undefined : { line: lineOf(offset), exact: true };
}

function pairOf(items: readonly Pair[], name: string): { value: unknown; start: Node | undefined } | undefined {
  const pair = items.find(({ key }) => isScalar(key) && key.value === name);
  return pair && { value: pair.value, start: isNode(pair.key) ? pair.key : undefined };
}

const TEXTS = {
  tooLarge: {
    en: 'is larger than 1 MB: is it the right file?',
    ja: '1MBを超えています。ファイルが正しいか確認してください',
  },
  encoding: {
    en: 'is not UTF-8: save it as UTF-8',
    ja: 'UTF-8ではありません。文字コードをUTF-8にして保存してください',
  },
  tooDeep: {
    en: 'is nested too deeply or repeats itself too often',
    ja: '入れ子または繰り返し（エイリアス）が多すぎます',
  },
  syntax: { en: 'is not valid YAML here', ja: 'この行がYAMLとして読めません' },
  quotes: {
    en: 'is not valid YAML here: a text with special characters needs quotes',
    ja: 'この行がYAMLとして読めません。特別な文字を含む値は引用符で囲んでください',
  },
  indent: {
    en: 'is not indented like the lines around it, or lacks a `key: `',
    ja: '字下げが前後の行と合っていないか、「キー: 」が抜けています',
  },
  tag: {
    en: 'tags such as !secret are not understood; a key ending in _file reads a secret from a file',
    ja: '!secret などのタグは使えません。秘密の値は _file で終わるキーでファイルから読めます',
  },
  alias: { en: 'a text that begins with * or & needs quotes', ja: '* や & で始まる値は引用符で囲んでください' },
} as const satisfies Record<string, Text>;

const ERROR_TEXTS: Readonly<Partial<Record<ErrorCode, Text>>> = {
  DUPLICATE_KEY: { en: 'this key is given twice', ja: '同じキーが2回書かれています' },
  TAB_AS_INDENT: { en: 'is indented with a tab: use spaces', ja: 'タブで字下げしています。空白を使ってください' },
  MULTIPLE_DOCS: {
    en: 'begins a second document (---): only one is allowed',
    ja: '2つ目の文書（---）が始まっています。1つだけにしてください',
  },
  BAD_INDENT: TEXTS.indent,
  MULTILINE_IMPLICIT_KEY: TEXTS.indent,
  BLOCK_AS_IMPLICIT_KEY: TEXTS.indent,
  MISSING_CHAR: {
    en: 'a quote, bracket or colon is missing, or the indentation is off',
    ja: '引用符・括弧・コロンが抜けているか、字下げが合っていません',
  },
  BAD_SCALAR_START: TEXTS.quotes,
  BAD_DQ_ESCAPE: {
    en: 'a backslash in "…" is special: use \'…\'',
    ja: '"…" の中の \\ は特別な意味を持ちます。\'…\' を使ってください',
  },
  TAG_RESOLVE_FAILED: TEXTS.tag,
  BAD_ALIAS: TEXTS.alias,
  ALIAS_PROPS: TEXTS.alias,
  NON_STRING_KEY: { en: 'a key must be a word', ja: 'キーは単語にしてください' },
  RESOURCE_EXHAUSTION: TEXTS.tooDeep,
};

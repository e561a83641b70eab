import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a page: ```` ```sh ```` or ```` ```yaml config.yaml ````. */
export interface FencedBlock {
  /** How many headings stand above it, which is the same in every language. */
  readonly section: number;
  readonly language: string;
  /** What it is the content of. */
  readonly file: string | undefined;
  readonly text: string;
}

export function fencedBlocks(page: string): FencedBlock[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
  return [...text.matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm)].map(
    ({ 1: language = '', 2: file, 3: body = '', index }) => ({
      section: [...text.slice(0, index).matchAll(/^##+ /gm)].length,
      language,
      file,
      text: body,
    }),
  );
}

/** The one that is the content of this file. @throws Error when it is not there. */
export function fileBlock(blocks: readonly FencedBlock[], name: string): string {
  const block = blocks.find(({ file }) => file === name);
  if (!block) throw new Error(`no block for ${name}`);
  return block.text;
}

/** The one command block that holds these words. @throws Error unless there is exactly one. */
export function commandBlock(blocks: readonly FencedBlock[], words: string): string {
  const found = blocks.filter(({ language, text }) => language === 'sh' && text.includes(words));
  if (found.length !== 1) throw new Error(`${found.length} blocks with "${words}"`);
  return (found[0] as FencedBlock).text;
}

/** What a test has elsewhere than the page says. @throws Error when a block does not hold it: the page has changed. */
export function substituted(text: string, replacements: Readonly<Record<string, string>>): string {
  let out = text;
  for (const [find, put] of Object.entries(replacements)) {
    if (!out.includes(find)) throw new Error(`the page no longer says "${find}"`);
    out = out.replaceAll(find, put);
  }
  return out;
}

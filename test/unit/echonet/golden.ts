import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GoldenProperty {
  readonly epc: string;
  readonly pdc: number;
  readonly edt: string;
  readonly value?: unknown;
}

export interface GoldenDecoded {
  readonly tid: string;
  readonly seoj: string;
  readonly deoj: string;
  readonly esv: string;
  readonly opc: number;
  readonly properties: readonly GoldenProperty[];
}

export interface GoldenFrame {
  readonly name: string;
  readonly hex: string;
  readonly source: string;
  readonly decoded: GoldenDecoded | { readonly error: string };
}

const path = join(import.meta.dirname, '../../golden/frames.json');
export const goldenFrames = JSON.parse(readFileSync(path, 'utf8')) as readonly GoldenFrame[];

/** Blanks between the bytes are welcome. */
export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

import { Random } from '../../src/simulator/random.ts';
import { hex } from '../../src/kernel/bytes.ts';

/** Seeded choices. */
export class Dice extends Random {
  /** 0 ≤ n < `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws RangeError on an empty list. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T;
  }
}

export interface Material {
  /** Good inputs: what is mutated, and cut pieces from. */
  readonly seeds: readonly Uint8Array[];
  /** Words that mean something here. */
  readonly words: readonly Uint8Array[];
  /** Longest input, bytes. */
  readonly most: number;
}

type Mutation = (data: Buffer, dice: Dice, material: Material) => Buffer;

const EDGES = [0x00, 0x01, 0x0a, 0x0d, 0x10, 0x20, 0x30, 0x3a, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** Where the piece begins that a mutation takes, and its length. */
function piece(length: number, dice: Dice, most = 64): [from: number, count: number] {
  const from = dice.below(length + 1);
  return [from, Math.min(length - from, 1 + dice.below(dice.chance(0.1) ? length + 1 : most))];
}

const spliced = (data: Buffer, at: number, count: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([data.subarray(0, at), bytes, data.subarray(at + count)]);
const inserted = (data: Buffer, dice: Dice, bytes: Uint8Array): Buffer =>
  spliced(data, dice.below(data.length + 1), 0, bytes);

const setOne = (data: Buffer, dice: Dice, value: (before: number) => number): Buffer => {
  const at = dice.below(data.length);
  if (data.length > 0) data[at] = value(data[at] as number);
  return data;
};

const mutations: readonly Mutation[] = [
  (data, dice) => setOne(data, dice, (before) => before ^ (1 << dice.below(8))),
  (data, dice) => setOne(data, dice, () => dice.pick(EDGES)),
  (data, dice) => setOne(data, dice, () => dice.below(256)),
  (data, dice) => spliced(data, ...piece(data.length, dice), new Uint8Array()),
  (data, dice) => {
    const [from, count] = piece(data.length, dice);
    return inserted(data, dice, data.subarray(from, from + count));
  },
  (data, dice, { words }) => inserted(data, dice, dice.pick(words)),
  (data, dice, { words }) => {
    const word = dice.pick(words);
    return spliced(data, dice.below(data.length + 1), word.length, word);
  },
  (data, dice) => data.subarray(0, dice.below(data.length + 1)),
  (data, dice) => inserted(data, dice, dice.bytes(1 + dice.below(16))),
  (data, dice, { seeds }) => {
    const other = dice.pick(seeds);
    const [from, count] = piece(other.length, dice, 256);
    return inserted(data, dice, other.subarray(from, from + count));
  },
  (data, dice, { seeds }) => {
    const other = dice.pick(seeds);
    return spliced(data, dice.below(data.length + 1), data.length, other.subarray(dice.below(other.length + 1)));
  },
  nudgedHex,
  (data, dice, { words }) => {
    const times = 1 + dice.below(dice.chance(0.05) ? 400 : 8);
    const word = dice.pick(words);
    return inserted(data, dice, Buffer.alloc(word.length * times, word));
  },
];

/** A hexadecimal number in the text becomes a little larger or smaller, or an extreme: lengths that do not fit. */
function nudgedHex(data: Buffer, dice: Dice): Buffer {
  const found = [...data.toString('latin1').matchAll(/[0-9A-F]{2,4}(?= |$)/g)];
  if (found.length === 0) return data;
  const { 0: digits, index } = dice.pick(found);
  const most = 16 ** digits.length - 1;
  const value = dice.pick([
    0,
    1,
    most,
    dice.below(most + 1),
    Number.parseInt(digits, 16) + 1 + dice.below(4),
    Number.parseInt(digits, 16) - 1 - dice.below(4),
  ]);
  data.write(hex(Math.min(most, Math.max(0, value)), digits.length), index, 'latin1');
  return data;
}

/** A seed with one to six wounds; now and then a seed as it is, or bytes that mean nothing. */
export function mutated(dice: Dice, material: Material): Uint8Array {
  if (dice.chance(0.02)) return dice.bytes(dice.below(Math.min(material.most, 300)));
  let data = Buffer.from(dice.pick(material.seeds));
  if (dice.chance(0.03)) return data;
  for (let wounds = 1 + dice.below(dice.chance(0.5) ? 2 : 6); wounds > 0; wounds--)
    data = dice.pick(mutations)(data, dice, material) as typeof data;
  return data.subarray(0, material.most);
}

/** The same bytes in pieces, cut where the bytes themselves say: an input alone tells everything that happens. */
export function chunksOf(bytes: Uint8Array): Uint8Array[] {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const dice = new Dice(hash);
  const longest = Math.max(dice.pick([1, 7, 64, 1000]), bytes.length >> 6); // some hundred pieces at most: time is better spent on other inputs
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + dice.below(longest);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

/** Smaller inputs that are broken in the same way. @param breaks whether an input is. */
export async function minimized(
  input: Uint8Array,
  breaks: (input: Uint8Array) => Promise<boolean>,
  tries = 600,
): Promise<Uint8Array> {
  let best = input;
  let left = tries;
  for (let size = best.length >> 1; size > 0; size = size >> 1) {
    for (let at = 0; at < best.length && left > 0; left--) {
      const shorter = new Uint8Array([...best.subarray(0, at), ...best.subarray(at + size)]);
      if (await breaks(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}

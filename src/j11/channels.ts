/**
 * J11 numbers its 14 channels 4 to 17, SKSTACK 33 to 59 by twos: the same radio channels, 922.5 MHz and up in steps of
 * 0.4 MHz. Everything above the module counts as SKSTACK does.
 */
const FIRST = 4;
const LAST = 17;
const FIRST_ELSEWHERE = 33;

/** 33–59 for 4–17; undefined for what is none of them. */
export const channelOfJ11 = (number: number): number | undefined =>
  number >= FIRST && number <= LAST ? FIRST_ELSEWHERE + 2 * (number - FIRST) : undefined;

/** 4–17 for 33, 35 … 59; undefined for a channel J11 does not have. */
export function j11OfChannel(channel: number): number | undefined {
  const number = FIRST + (channel - FIRST_ELSEWHERE) / 2;
  return Number.isInteger(number) && number >= FIRST && number <= LAST ? number : undefined;
}

/** A scan mask whose bit 0 is channel 33, as one whose bit n is J11's channel n. */
export function j11Mask(mask: number): number {
  let out = 0;
  for (let number = FIRST; number <= LAST; number++) if ((mask >>> (2 * (number - FIRST))) & 1) out |= 1 << number;
  return out;
}

/** Channels a mask of J11 names, of the 14 there are. */
export function numbersOfMask(mask: number): number[] {
  return Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i).filter((number) => (mask >>> number) & 1);
}

/** Time an active scan stays on one channel, ms: 9.64 × 2^D. */
export const dwellMs = (duration: number): number => 9.64 * 2 ** duration;

/** The channel 005F gets before a scan: it must be one, and says nothing. */
export const ANY_CHANNEL = FIRST;
export const MIN_DURATION = 1;
export const MAX_DURATION = 14;
export const ALL_CHANNELS = 0x0003fff0;

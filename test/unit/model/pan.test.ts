import { expect, test } from 'vitest';
import { linkLocalAddress, rssiDbmOfLqi } from '../../../src/model/pan.ts';

/** EUI-64 and what SKLL64 answered, from published logs; the last two by the rule of RFC 4291, appendix A. */
const addresses: readonly (readonly [string, string])[] = [
  ['001C6400030C12A4', 'FE80:0000:0000:0000:021C:6400:030C:12A4'],
  ['021C6400030C12A4', 'FE80:0000:0000:0000:001C:6400:030C:12A4'],
  ['c0f945ffffabcdef', 'FE80:0000:0000:0000:C2F9:45FF:FFAB:CDEF'],
];
for (const [mac, address] of addresses) {
  test(`${mac} is reached at ${address}`, () => {
    expect(linkLocalAddress(mac)).toBe(address);
  });
}

/** Published with the formula: 28h is −93 dBm, E1h is −42 dBm. */
const qualities: readonly (readonly [number, number])[] = [
  [0x28, -93],
  [0xe1, -42],
  [0, -104],
  [255, -34],
];
for (const [lqi, dbm] of qualities) {
  test(`a link quality of ${lqi} is ${dbm} dBm`, () => {
    expect(rssiDbmOfLqi(lqi)).toBe(dbm);
  });
}

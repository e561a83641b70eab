import { bytesOfHex, hex, hexOfBytes, bytesOfLatin1 } from '../../kernel/bytes.ts';

/** The unset Route-B ID in a PANA datagram: 32 zeros. */
const NO_ID = '0'.repeat(32);

/**
 * What the meter sends during a join, in the form of a published capture (RS-WSUHA-P): the PANA start, EAP-PSK with the
 * Route-B ID in clear, its third message, and the result with the session's lifetime.
 */
export function panaDatagrams(nonce: Uint8Array, id: string | undefined, lifetimeS: number): readonly Uint8Array[] {
  const session = hexOfBytes(nonce.subarray(0, 8));
  const random = hexOfBytes(nonce.subarray(8, 24));
  const mac = hexOfBytes(nonce.subarray(24, 40));
  const name = hexOfBytes(bytesOfLatin1(`SM${(id ?? NO_ID).padEnd(32, '0')}`));
  return [
    `00000028C0000002${session}00060000000400000000000500030000000400000000000C`,
    `0000006880000002${session}000500000010000044AA92C21CDBB377DEBBEBC9B755B87D000200000038000001E300382F00${random}${name}`,
    `0000005480000002${session}00020000003B000001E4003B2F80${random}${mac}000000006852F3CB9B3291068BF82BB6863F1D2B8100`,
    `00000058A0000002${session}000700000004000000000000000200000004000003E40004000400000004000000001601000800000004000000${hex(lifetimeS, 8).slice(-8)}000001000000100000${mac}`,
  ].map((text, i) => bytesOfHex(fit(text, [0x28, 0x68, 0x54, 0x58][i] ?? 0)));
}

/** Cut or filled to the length the datagram has in the capture. */
const fit = (text: string, bytes: number): string => text.slice(0, 2 * bytes).padEnd(2 * bytes, '0');

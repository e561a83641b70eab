import { bytesOfLatin1, hex, hexOfBytes } from '../../src/kernel/bytes.ts';
import { joinBytes } from './transcript.ts';

export const METER = 'FE80:0000:0000:0000:021C:6400:03DD:6393';
export const OWN = 'FE80:0000:0000:0000:1207:23FF:FEA0:77E3';
export const METER_MAC = '001C640003DD6393';

/** The words after the sender's MAC: `1` on SE, `1 0` on DSE, `CA 1 0` on DSE with RSSI. */
export type Columns = '1' | '1 0' | 'CA 1 0';

export const rxUdpHeader = (length: number, columns: Columns = '1'): string =>
  `ERXUDP ${METER} ${OWN} 0E1A 0E1A ${METER_MAC} ${columns} ${hex(length, 4)} `;

/** An ERXUDP line without its end. @param length DATALEN, if it shall not fit. */
export const binaryRxUdp = (payload: Uint8Array, columns?: Columns, length = payload.length): Uint8Array =>
  joinBytes([bytesOfLatin1(rxUdpHeader(length, columns)), payload]);
export const asciiRxUdp = (payload: Uint8Array, columns?: Columns, length = payload.length): Uint8Array =>
  bytesOfLatin1(rxUdpHeader(length, columns) + hexOfBytes(payload));

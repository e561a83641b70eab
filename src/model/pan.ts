import { hex } from '../kernel/bytes.ts';

/** The meter's radio network as a scan found it: all that is needed to join it again without a scan. */
export interface Pan {
  /** Radio channel, 33–60 (0x21–0x3C). */
  readonly channel: number;
  /** 0–0xFFFF. */
  readonly panId: number;
  /** The meter's EUI-64, 16 upper-case hex digits. */
  readonly macAddress: string;
  /** Link quality as the module printed it, 0–255; undefined when this PAN was not heard by a scan. */
  readonly lqi?: number;
  /** Received power in dBm, where the module tells that instead (J11). */
  readonly rssiDbm?: number;
}

/** The last 8 characters of the Route-B ID, which a meter tells to everybody who scans. */
export const pairingIdOf = (routeBId: string): string => routeBId.slice(-8);

/** The network without how well a scan heard it: that is no longer true once its session is over. */
export const networkOf = ({ channel, panId, macAddress }: Pan): Pan => ({ channel, panId, macAddress });

/** Received power of a SKSTACK module in dBm: 0.275 × LQI − 104.27 (derived, not measured by us). */
export const rssiDbmOfLqi = (lqi: number): number => Math.round(0.275 * lqi - 104.27);

/** EUI-64 to interface identifier and back, in hex digits: bit 1 of the first byte inverted. */
export const interfaceId = (digits: string): string =>
  hex(Number.parseInt(digits.slice(0, 2), 16) ^ 0x02, 2) + digits.slice(2).toUpperCase();

/** The meter's link-local address: FE80:: and the interface identifier of its EUI-64 (what SKLL64 answers). */
export function linkLocalAddress(macAddress: string): string {
  const digits = interfaceId(macAddress);
  return `FE80:0000:0000:0000:${digits.slice(0, 4)}:${digits.slice(4, 8)}:${digits.slice(8, 12)}:${digits.slice(12, 16)}`;
}

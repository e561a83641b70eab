/** Channels are 33 (21h) to 60 (3Ch); bit 0 of a scan mask is channel 33. */
export const FIRST_CHANNEL = 33;
export const LAST_CHANNEL = 60;

/** Every channel a meter was ever reported on is odd, so half the time finds it; all 28 are the fallback. */
export const ODD_CHANNELS_MASK = 0x05555555;
export const ALL_CHANNELS_MASK = 0xffffffff;
export const maskOfChannel = (channel: number): number => (1 << (channel - FIRST_CHANNEL)) >>> 0;

/** Channels a mask names, of the 28 there are. */
export function channelsOfMask(mask: number): number[] {
  const channels: number[] = [];
  for (let channel = FIRST_CHANNEL; channel <= LAST_CHANNEL; channel++) {
    if ((mask >>> (channel - FIRST_CHANNEL)) & 1) channels.push(channel);
  }
  return channels;
}

export interface ScanRequest {
  /** Bit 0 = channel 33. */
  readonly mask: number;
  /** SKSCAN's DURATION, 0–14. */
  readonly duration: number;
  /** Also who does not answer our Pairing ID. A module that cannot ask so takes no notice. */
  readonly anyone?: boolean;
}

/**
 * Scans of rising duration, the likely channels first. D = 4 missed in 3 of 3 published logs and D = 5 in 1 of 3, D = 6
 * hit in 4 of 4: 4.4 s, 8.7 s, 17.5 s and 34.7 s by the formula.
 */
export const FULL_SCAN: readonly ScanRequest[] = [
  { mask: ODD_CHANNELS_MASK, duration: 5 },
  { mask: ODD_CHANNELS_MASK, duration: 6 },
  { mask: ALL_CHANNELS_MASK, duration: 6 },
  { mask: ALL_CHANNELS_MASK, duration: 7 },
];

/** The remembered channel alone takes half a second and a second. */
export const channelScan = (channel: number): readonly ScanRequest[] =>
  [6, 7].map((duration) => ({ mask: maskOfChannel(channel), duration }));

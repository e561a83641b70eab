/**
 * The two ASCII editions of SKSTACK-IP. DSE (dual stack) adds one field, SIDE, to some commands and lines; side 0 is
 * Route B. Found out by SKINFO (its last word), confirmed by FAIL ER05 on a wrong argument count.
 */
export type Edition = 'SE' | 'DSE';

/** How the module prints ERXUDP payload: `ROPT` → `OK 00` binary, `OK 01` hex ASCII. */
export type PrintMode = 'binary' | 'ascii';

/** SIDE of the Route B, the only one a meter reader uses. */
export const SIDE_B = 0;

/** UDP ports of this protocol: ECHONET Lite and PANA. */
export const ECHONET_PORT = 0x0e1a;
export const PANA_PORT = 0x02cc;

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

/** Time an active scan stays on one channel, ms: 9.6 × (2^D + 1). The DSE manual prints 96; captures prove 9.6. */
export const scanDwellMs = (duration: number): number => 9.6 * (2 ** duration + 1);

/** Time a whole scan takes, ms. */
export const scanTimeMs = (mask: number, duration: number): number =>
  channelsOfMask(mask).length * scanDwellMs(duration);

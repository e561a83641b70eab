import { channelsOfMask } from '../model/scan-plan.ts';

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

/** Time an active scan stays on one channel, ms: 9.6 × (2^D + 1). The DSE manual prints 96; captures prove 9.6. */
export const scanDwellMs = (duration: number): number => 9.6 * (2 ** duration + 1);

/** Time a whole scan takes, ms. */
export const scanTimeMs = (mask: number, duration: number): number =>
  channelsOfMask(mask).length * scanDwellMs(duration);

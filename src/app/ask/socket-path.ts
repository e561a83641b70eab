import { join } from 'node:path';

/** Where a running bridge can be asked how it is. */
export const socketPath = (stateDir: string): string => join(stateDir, 'broute2mqtt.sock');

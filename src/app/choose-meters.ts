import type { MeterConfig } from '../config/schema.ts';
import { BridgeError } from '../kernel/errors.ts';

/** The meter with this id, or all of them when none is named. @throws BridgeError USAGE */
export function chooseMeters(meters: readonly MeterConfig[], id: string | undefined): readonly MeterConfig[] {
  const chosen = id === undefined ? meters : meters.filter((meter) => meter.id === id);
  if (chosen.length > 0) return chosen;
  const known = meters.map((meter) => meter.id).join(', ');
  throw new BridgeError('USAGE', `--meter: no meter of that id is configured; there are: ${known}`);
}

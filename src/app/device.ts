import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterSettings } from '../model/settings.ts';
import { autoWire } from '../module/auto-wire.ts';
import type { Wire } from '../wire/wire.ts';
import { serialWire } from '../wire/serial-wire.ts';
import { tcpWire } from '../wire/tcp-wire.ts';

/** The wire a meter's `device` names. `log` hears which stick `auto` found, and how far a port is ours alone. */
export function wireOf({ device }: Pick<MeterSettings, 'device'>, clock: Clock, log?: Log): Promise<Wire> {
  const wire = device.startsWith('tcp://')
    ? tcpWire(device, clock)
    : device === 'auto'
      ? autoWire(clock, log ? { log } : {})
      : serialWire(device, clock, log ? { log } : {});
  return Promise.resolve(wire);
}

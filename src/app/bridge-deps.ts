import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Pulse } from '../kernel/deadlines.ts';
import type { Redactor } from '../kernel/redactor.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { Sink } from '../model/status.ts';
import type { Wire } from '../wire/wire.ts';

/** What the service is given by whoever starts it. */
export interface BridgeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly version: string;
  /** How to reach a meter's stick. */
  readonly wireOf: (meter: MeterSettings) => Promise<Wire>;
  /** In the place of smartmeter-exporter: its metrics beside ours, and no page. */
  readonly asExporter?: boolean;
  /** Who promised to be heard of by when; one of its own where nobody else asks. */
  readonly pulse?: Pulse;
  /** Hears everything besides the sinks of the configuration. */
  readonly extraSinks?: readonly Sink[];
  /** Called once when everything has been started. Starting never waits for the radio or the broker. */
  readonly onReady?: (addresses: { readonly page: string | undefined }) => void;
}

import type { BrokerHealth } from '../../src/model/health.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { BridgeEvent, LinkStatus } from '../../src/model/status.ts';
import { StatusBoard } from '../../src/web/status-board.ts';
import type { StatusBoardOptions } from '../../src/web/status-board.ts';
import type { MeterSnapshot } from '../../src/web/status-snapshot.ts';
import { VirtualClock } from './virtual-clock.ts';

export type BrokerFacts = Pick<BrokerHealth, 'ok' | 'detail'> & Partial<BrokerHealth>;

/** A broker as the MQTT sink tells of it: nothing waits, nothing was given up. */
export const brokerHealth = (facts: BrokerFacts): BrokerHealth => ({
  connected: facts.ok,
  broker: 'mqtt://broker',
  queued: 0,
  dropped: 0,
  error: undefined,
  held: undefined,
  unannounced: undefined,
  ...facts,
});

/** A board of meter `home`, without a broker. */
export const boardOf = (options: Pick<StatusBoardOptions, 'clock'> & Partial<StatusBoardOptions>): StatusBoard =>
  new StatusBoard({
    meters: [{ id: 'home', name: 'Home', intervalS: 10, energyIntervalS: 60 }],
    brokerHealth: () => undefined,
    version: '9.8.7',
    language: 'en',
    ...options,
  });

export interface BoardRigOptions extends Partial<StatusBoardOptions> {
  readonly clock?: VirtualClock;
}

/** A board on virtual time, and the events that feed it. */
export class BoardRig {
  readonly clock: VirtualClock;
  readonly board: StatusBoard;
  broker: BrokerFacts | undefined;

  constructor({ clock = new VirtualClock(), ...options }: BoardRigOptions = {}) {
    this.clock = clock;
    this.board = boardOf({ clock, brokerHealth: () => this.broker && brokerHealth(this.broker), ...options });
  }

  accept(event: BridgeEvent): void {
    this.board.accept(event);
  }

  /** Connected since now, unless told otherwise. */
  readonly status = (status: Partial<LinkStatus>, meter = 'home'): void => {
    const full: LinkStatus = { phase: 'connected', sinceMs: this.clock.now(), reconnects: 0, ...status };
    this.accept({ kind: 'status', meter, status: full });
  };

  readonly reading = (reading: Omit<Reading, 'atMs'>, meter = 'home'): void =>
    this.accept({ kind: 'reading', meter, reading: { atMs: this.clock.now(), ...reading } });

  readonly home = (): MeterSnapshot => this.board.snapshot().meters[0] as MeterSnapshot;
}

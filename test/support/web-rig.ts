import { systemClock } from '../../src/kernel/clock.ts';
import type { Language } from '../../src/kernel/language.ts';
import { Redactor } from '../../src/kernel/redactor.ts';
import type { BrokerHealth } from '../../src/model/health.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { LinkStatus } from '../../src/model/status.ts';
import { startWeb } from '../../src/web/server.ts';
import type { WebServer } from '../../src/web/server.ts';
import { StatusBoard } from '../../src/web/status-board.ts';
import type { StatusSnapshot } from '../../src/web/status-snapshot.ts';
import { logLines } from './log-lines.ts';
import { VirtualClock } from './virtual-clock.ts';

export const pan = { channel: 57, panId: 0x8a3c, macAddress: '001D129012345678' };

/** A broker as the MQTT sink tells of it: nothing waits, nothing was given up. */
export type ToldHealth = Pick<BrokerHealth, 'ok' | 'detail'> & Partial<BrokerHealth>;
export const brokerHealth = (told: ToldHealth): BrokerHealth => ({
  connected: told.ok,
  broker: 'mqtt://broker',
  queued: 0,
  dropped: 0,
  error: undefined,
  held: undefined,
  unannounced: undefined,
  ...told,
});

export interface WebRigOptions {
  readonly token?: string;
  readonly language?: Language;
  readonly metricsOnly?: boolean;
  readonly meters?: readonly { readonly id: string; readonly name: string }[];
}

/** A board on virtual time behind a real server on the loopback address. */
export class WebRig implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly redactor = new Redactor();
  readonly board: StatusBoard;
  late: readonly string[] = [];
  broker: ToldHealth | undefined = { ok: true, detail: 'connected (MQTT 5)' };
  #server: WebServer | undefined;

  private constructor({ language = 'en', meters = [{ id: 'home', name: 'Home' }] }: WebRigOptions) {
    this.board = new StatusBoard({
      meters: meters.map((meter) => ({ ...meter, intervalS: 10, energyIntervalS: 60 })),
      clock: this.clock,
      brokerHealth: () => this.broker && brokerHealth(this.broker),
      version: '9.8.7',
      language,
    });
  }

  static async start(options: WebRigOptions = {}): Promise<WebRig> {
    const rig = new WebRig(options);
    const { token, language = 'en', metricsOnly = false } = options;
    const { log } = logLines(rig.redactor);
    rig.#server = await startWeb({
      listen: { host: '127.0.0.1', port: 0 },
      ...(token === undefined ? {} : { token }),
      language,
      metricsOnly,
      board: rig.board,
      late: () => rig.late,
      redactor: rig.redactor,
      log,
      clock: systemClock,
    });
    return rig;
  }

  get address(): string {
    return this.#server?.address ?? '';
  }

  status(status: Partial<LinkStatus>, meter = 'home'): void {
    const full: LinkStatus = { phase: 'connected', sinceMs: this.clock.now(), reconnects: 0, ...status };
    this.board.accept({ kind: 'status', meter, status: full });
  }

  reading(reading: Omit<Reading, 'atMs'>, meter = 'home'): void {
    this.board.accept({ kind: 'reading', meter, reading: { atMs: this.clock.now(), ...reading } });
  }

  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.address), init);
  }

  async json(path: string): Promise<StatusSnapshot> {
    return (await (await this.get(path)).json()) as StatusSnapshot;
  }

  close(): Promise<void> {
    return this.#server?.close() ?? Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

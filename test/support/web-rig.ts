import type { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { Language } from '../../src/kernel/language.ts';
import type { Log } from '../../src/kernel/log.ts';
import type { Prices } from '../../src/model/price.ts';
import { Redactor } from '../../src/kernel/redactor.ts';
import { CommandGate } from '../../src/model/command-gate.ts';
import type { MeterCommand } from '../../src/model/status.ts';
import type { DemoControls } from '../../src/web/api/api-routes.ts';
import { startWeb } from '../../src/web/server.ts';
import type { WebServer } from '../../src/web/server.ts';
import type { StatusBoardOptions } from '../../src/web/status-board.ts';
import type { StatusSnapshot } from '../../src/web/status-snapshot.ts';
import { BoardRig } from './board-rig.ts';
import type { BrokerFacts } from './board-rig.ts';
import { logLines } from './log-lines.ts';
import type { LogLine } from './log-lines.ts';

export const pan = { channel: 57, panId: 0x8a3c, macAddress: '001D129012345678' };

export interface WebRigOptions {
  readonly token?: string;
  readonly language?: Language;
  readonly metricsOnly?: boolean;
  readonly onlyFrom?: string;
  readonly demo?: DemoControls;
  readonly prices?: Prices;
  /** What the status says that may be commanded. */
  readonly commands?: StatusBoardOptions['commands'];
  readonly archiveOf?: (meter: string) => HalfHourArchive | undefined;
  /** Every address, for the page that everybody can open; asked at the loopback one all the same. */
  readonly listenHost?: string;
  readonly meters?: readonly { readonly id: string; readonly name: string; readonly contractAmpere?: number }[];
}

/** A board on virtual time behind a real server on the loopback address. */
export class WebRig extends BoardRig implements AsyncDisposable {
  readonly redactor = new Redactor();
  late: readonly string[] = [];
  override broker: BrokerFacts | undefined = { ok: true, detail: 'connected (MQTT 5)' };
  /** Commands that the page gave, as `home read_now`. */
  readonly ordered: string[] = [];
  readonly log: Log;
  readonly lines: readonly LogLine[];
  readonly #gates: ReadonlyMap<string, CommandGate>;
  #server: WebServer | undefined;

  private constructor(options: WebRigOptions) {
    const { language = 'en', demo, prices, archiveOf, commands, meters = [{ id: 'home', name: 'Home' }] } = options;
    super({
      meters: meters.map((meter) => ({ ...meter, intervalS: 10, energyIntervalS: 60 })),
      language,
      demo: demo !== undefined,
      commands,
      ...(archiveOf && { archiveOf }),
      ...(prices && { prices }),
    });
    const { log, lines } = logLines(this.redactor);
    this.log = log;
    this.lines = lines;
    this.#gates = new Map(meters.map(({ id }) => [id, this.#gateOf(id)]));
  }

  #gateOf(id: string): CommandGate {
    const onCommand = (command: MeterCommand): void => void this.ordered.push(`${id} ${command}`);
    return new CommandGate(this.clock, this.log, { onCommand, onInterval: () => undefined });
  }

  static async start(options: WebRigOptions = {}): Promise<WebRig> {
    const rig = new WebRig(options);
    const {
      token,
      language = 'en',
      metricsOnly = false,
      onlyFrom,
      listenHost = '127.0.0.1',
      demo,
      prices,
      archiveOf,
    } = options;
    rig.#server = await startWeb({
      listen: { host: listenHost, port: 0 },
      ...(token === undefined ? {} : { token }),
      ...(onlyFrom === undefined ? {} : { onlyFrom }),
      ...(demo && { demo }),
      ...(archiveOf && { archiveOf }),
      ...(prices && { prices }),
      language,
      metricsOnly,
      board: rig.board,
      order: (meter, command) => rig.#gates.get(meter)?.order(command),
      late: () => rig.late,
      redactor: rig.redactor,
      log: rig.log,
      clock: archiveOf ? rig.clock : systemClock,
    });
    return rig;
  }

  get address(): string {
    return this.#server?.address ?? '';
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

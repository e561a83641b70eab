import { linkLocalAddress, rssiDbmOfLqi, pairingIdOf } from '../../model/pan.ts';
import { bytesOf16, bytesOfAddress, bytesOfHex, hex } from '../../kernel/bytes.ts';
import { channelOfJ11, dwellMs, j11OfChannel, numbersOfMask } from '../../j11/channels.ts';
import { COMMAND_CODES } from '../../j11/commands.ts';
import type { CommandName, ConfigureCommand, J11Command, ScanCommand, SendCommand } from '../../j11/commands.ts';
import { encodeNotification } from '../../j11/notifications.ts';
import {
  encodeConnection,
  encodeResponse,
  encodeStatus,
  encodeVersion,
  RESULT,
  SEND_RESULT,
} from '../../j11/responses.ts';
import type { ModuleStatus, Version } from '../../j11/responses.ts';
import type { ModuleContext, MeterPlace } from '../module-context.ts';
import type { Fate } from '../radio/datagram-exchange.ts';
import type { CommandNamed, SimModule } from './sim-module.ts';

const FIRMWARE_ID = 0x0400;
const MAX_PORTS = 6;
const NO_FLOW_CONTROL = 0x00;
/** How many bytes of what was sent the response repeats. */
const REPEATED_BYTES = 5;
const SEND_RESULTS: Readonly<Record<Fate, number>> = {
  delivered: SEND_RESULT.ok,
  resolving: SEND_RESULT.ok,
  failed: SEND_RESULT.noAck,
  blocked: SEND_RESULT.airtime,
};

/** The result byte and what stands behind it. */
type Answer = readonly [number, ...number[]];
/** Those with a response of their own kind. */
type Special = 'reset' | 'scan' | 'send' | 'startRouteB';
type Answers = {
  readonly [Name in Exclude<CommandName, Special>]: (command: CommandNamed<J11Command, Name>) => Answer;
};

/** What a J11 module does on each command it understood, and in which state it refuses it. */
export class J11Handler {
  readonly #context: ModuleContext;
  readonly #module: SimModule;
  #settings: ConfigureCommand | undefined;
  readonly #ports = new Set<number>();
  /** Where 0053 found the meter; it may have moved since. */
  #connection: MeterPlace | undefined;

  readonly #answers: Answers = {
    status: () => [RESULT.ok, ...encodeStatus(this.#status)],
    openPort: ({ port }) => [this.#openPort(port)],
    closePort: ({ port }) => [this.#ports.delete(port) ? RESULT.ok : RESULT.portNotOpen],
    openPorts: () => [RESULT.ok, ...[...this.#ports].flatMap(bytesOf16)],
    ownAddress: () => [RESULT.ok, ...bytesOfAddress(this.#context.ownAddress)],
    ownMac: () => [RESULT.ok, ...bytesOfHex(this.#context.options.model.macAddress)],
    setCredentials: ({ id, password }) => [this.#setCredentials(id, password)],
    startPana: () => [this.#readyForPana()],
    endPana: () => [this.#endPana()],
    stopRouteB: () => [this.#stopRouteB()],
    panId: () => (this.#connection ? [RESULT.ok, ...bytesOf16(this.#connection.panId)] : [RESULT.notStarted]),
    configure: (command) => [this.#configure(command)],
    version: () => [RESULT.ok, ...encodeVersion(this.#version)],
    reauthenticate: () => [this.#readyForRenewal()],
    settings: () => {
      const set = this.#settings;
      return set ? [RESULT.ok, set.mode, set.hanSleep, set.channel, set.power] : [RESULT.nothingStarted];
    },
    setFlowControl: () => [RESULT.ok],
    flowControl: () => [RESULT.ok, NO_FLOW_CONTROL],
  };

  constructor(context: ModuleContext, module: SimModule) {
    this.#context = context;
    this.#module = module;
  }

  reset(): void {
    this.#settings = this.#connection = undefined;
    this.#ports.clear();
  }

  isOpen(port: number): boolean {
    return this.#ports.has(port);
  }

  /** The meter is still where 0053 found it. */
  get reachesMeter(): boolean {
    const { place } = this.#context;
    const at = this.#connection;
    return at?.channel === place.channel && at.panId === place.panId && at.macAddress === place.macAddress;
  }

  /** Ends with the command's own response; what follows comes by itself. */
  async handle(command: J11Command, signal: AbortSignal): Promise<void> {
    if (command.name === 'reset') return this.#module.crash();
    if (command.name === 'scan') return await this.#scan(command, signal);
    if (command.name === 'send') return await this.#send(command, signal);
    if (command.name === 'startRouteB') return await this.#connect(signal);
    await this.#context.tasks.spend('command', signal);
    const answer: (command: never) => Answer = this.#answers[command.name];
    const [code, ...data] = answer(command as never);
    this.#respond(command.name, code, data);
    // What the session sends comes after the response.
    if (code !== RESULT.ok) return;
    const { session } = this.#module;
    if (command.name === 'startPana' && this.#connection) session.join(linkLocalAddress(this.#connection.macAddress));
    if (command.name === 'reauthenticate') session.rejoin();
  }

  get #version(): Version {
    const [major = 0, minor = 0, revision = 0] = this.#context.options.model.stackVersion.split('.').map(Number);
    return { firmwareId: FIRMWARE_ID, major, minor, revision };
  }

  get #status(): ModuleStatus {
    const routeB = this.#module.session.phase === 'up' ? 'authenticated' : this.#connection ? 'mac' : 'none';
    return { started: this.#settings !== undefined, routeB };
  }

  /** What stands against a command that may not be given while B-route runs. */
  get #obstacle(): number | undefined {
    if (this.#module.session.phase === 'up') return RESULT.authenticated;
    return this.#connection ? RESULT.routeBRuns : undefined;
  }

  #configure(command: ConfigureCommand): number {
    if (this.#obstacle !== undefined) return this.#obstacle;
    this.#settings = command;
    return RESULT.ok;
  }

  #setCredentials(id: string, password: string): number {
    const { state } = this.#context;
    if (!this.#settings) return RESULT.nothingStarted;
    if (state.id !== undefined) return RESULT.credentialsSet;
    state.setId(id);
    state.password = password;
    return RESULT.ok;
  }

  #openPort(port: number): number {
    if (!this.#settings) return RESULT.nothingStarted;
    if (this.#ports.has(port)) return RESULT.portOpen;
    if (this.#ports.size >= MAX_PORTS) return RESULT.tooManyPorts;
    this.#ports.add(port);
    return RESULT.ok;
  }

  #readyForPana(): number {
    const { session } = this.#module;
    if (!this.#connection) return RESULT.notStarted;
    if (session.phase === 'joining') return RESULT.panaRuns;
    return session.phase === 'up' ? RESULT.authenticated : RESULT.ok;
  }

  /** The module's own doing: no 601A. */
  #endPana(): number {
    if (this.#module.session.phase === 'none') return RESULT.notStarted;
    this.#module.session.release();
    return RESULT.ok;
  }

  #stopRouteB(): number {
    if (!this.#connection) return RESULT.notStarted;
    this.#module.session.forget();
    this.#connection = undefined;
    return RESULT.ok;
  }

  #readyForRenewal(): number {
    const { phase } = this.#module.session;
    if (phase === 'joining') return RESULT.panaRuns;
    return phase === 'none' ? RESULT.notStarted : RESULT.ok;
  }

  /** 0051: 4051 for each channel when its time is over, the response behind the last. */
  async #scan({ duration, mask, pairingId }: ScanCommand, signal: AbortSignal): Promise<void> {
    const { tasks, state } = this.#context;
    const obstacle = this.#settings ? this.#obstacle : RESULT.nothingStarted;
    if (obstacle !== undefined) {
      await tasks.spend('command', signal);
      return this.#respond('scan', obstacle);
    }
    const { pans: all, ends } = this.#module.scanner.outcome(pairingId);
    const pans = all.filter((pan) => pan.pairId === pairingId); // asked for by the beacon request: nobody else answers
    const numbers = numbersOfMask(mask);
    for (const channel of numbers) {
      await tasks.wait(dwellMs(duration), signal);
      const beacons = pans
        .filter((pan) => pan.channel === channelOfJ11(channel))
        .map(({ macAddress, panId, lqi }) => ({ macAddress, panId, rssiDbm: rssiDbmOfLqi(lqi) }));
      this.#module.respond(encodeNotification({ kind: 'scanned', channel, beacons }));
    }
    state.addBeaconRequests(numbers.length);
    if (ends) this.#respond('scan', RESULT.ok);
  }

  /** 0053. */
  async #connect(signal: AbortSignal): Promise<void> {
    const { tasks, state, place } = this.#context;
    await tasks.spend('connect', signal);
    const code = this.#connectionResult();
    if (code !== RESULT.ok) return this.#respond('startRouteB', code);
    this.#connection = { ...place };
    const { channel, panId, macAddress, lqi } = place;
    state.write('S2', hex(channel, 2));
    state.write('S3', hex(panId, 4));
    const connection = { channel: j11OfChannel(channel) ?? 0, panId, macAddress, rssiDbm: rssiDbmOfLqi(lqi) };
    this.#respond('startRouteB', RESULT.ok, encodeConnection(connection));
  }

  #connectionResult(): number {
    const { state, place, faults, options } = this.#context;
    if (!this.#settings) return RESULT.nothingStarted;
    if (this.#obstacle !== undefined) return this.#obstacle;
    if (state.id === undefined) return RESULT.credentialsMissing;
    const isOurs = options.routeBId === undefined || pairingIdOf(options.routeBId) === state.pairId;
    const isThere = isOurs && this.#settings.channel === j11OfChannel(place.channel);
    return isThere && !state.blocked && !faults.consume('connect-failed') ? RESULT.ok : RESULT.connectFailed;
  }

  /** 0008. */
  async #send({ destination, destinationPort, payload }: SendCommand, signal: AbortSignal): Promise<void> {
    const { tasks } = this.#context;
    const { session, exchange } = this.#module;
    await exchange.handOver(signal);
    if (session.phase !== 'up')
      return this.#respond('send', this.#settings ? RESULT.notStarted : RESULT.nothingStarted);
    const fate = exchange.launch(destination, payload.length);
    const code = SEND_RESULTS[fate];
    if (fate === 'resolving') await tasks.spend('resolve', signal);
    this.#respond('send', RESULT.ok, [code, ...payload.subarray(0, REPEATED_BYTES)]);
    if (code !== SEND_RESULT.ok) return;
    tasks.start((inner) => exchange.deliver({ data: payload, port: destinationPort, security: 1 }, inner));
  }

  #respond(name: CommandName, code: number, data: Iterable<number> = []): void {
    this.#module.respond(encodeResponse(COMMAND_CODES[name], code, data));
  }
}

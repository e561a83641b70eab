import { linkLocalAddress, rssiDbmOfLqi, pairingIdOf } from '../../model/pan.ts';
import { bytesOf16, bytesOfAddress, bytesOfHex, hex } from '../../kernel/bytes.ts';
import { channelOfJ11, dwellMs, j11OfChannel, numbersOfMask } from '../../j11/channels.ts';
import { commandCodes } from '../../j11/commands.ts';
import type { CommandName, ConfigureCommand, J11Command, ScanCommand, SendCommand } from '../../j11/commands.ts';
import { encodeNotification } from '../../j11/notifications.ts';
import {
  encodeConnection,
  encodeResponse,
  encodeStatus,
  encodeVersion,
  result,
  sendResult,
} from '../../j11/responses.ts';
import type { ModuleStatus } from '../../j11/responses.ts';
import type { ModuleContext, MeterPlace } from '../module-context.ts';
import type { DatagramExchange } from '../radio/datagram-exchange.ts';
import type { RadioSession } from '../radio/radio-session.ts';
import type { Scanner } from '../radio/scanner.ts';

const FIRMWARE_ID = 0x0400;
const MAX_PORTS = 6;
const NO_FLOW_CONTROL = 0x00;
/** How many bytes of what was sent the response repeats. */
const REPEATED_BYTES = 5;

export interface J11Parts {
  readonly scanner: Scanner;
  readonly session: RadioSession;
  readonly exchange: DatagramExchange;
  /** All that 00D9 takes back, and the way up again. */
  restart(): void;
}

/** What a J11 module does and says on each command it understood, and in which state it refuses it. */
export class J11Handler {
  readonly #context: ModuleContext;
  readonly #parts: J11Parts;
  readonly #put: (bytes: Uint8Array) => void;
  #settings: ConfigureCommand | undefined;
  readonly #ports = new Set<number>();
  /** Where 0053 found the meter; it may have moved since. */
  #connection: MeterPlace | undefined;

  constructor(context: ModuleContext, parts: J11Parts, put: (bytes: Uint8Array) => void) {
    this.#context = context;
    this.#parts = parts;
    this.#put = put;
  }

  reset(): void {
    this.#settings = this.#connection = undefined;
    this.#ports.clear();
  }

  restart(): void {
    this.#parts.restart();
  }

  isOpen(port: number): boolean {
    return this.#ports.has(port);
  }

  /** The meter is still where 0053 found it. */
  get hearsMeter(): boolean {
    const { place } = this.#context;
    const at = this.#connection;
    return at?.channel === place.channel && at.panId === place.panId && at.macAddress === place.macAddress;
  }

  /** Ends with the command's own response; what follows comes by itself. */
  async handle(command: J11Command, signal: AbortSignal): Promise<void> {
    const { tasks, timing } = this.#context;
    if (command.name === 'reset') return this.restart();
    if (command.name === 'scan') return await this.#scan(command, signal);
    if (command.name === 'send') return await this.#send(command, signal);
    if (command.name === 'startRouteB') return await this.#connect(signal);
    await tasks.wait(timing.command(), signal);
    const [code, ...data] = this.#answer(command);
    this.#respond(command.name, code, data);
    // The session's own words come after the response.
    if (code !== result.ok) return;
    if (command.name === 'startPana' && this.#connection)
      this.#parts.session.join(linkLocalAddress(this.#connection.macAddress));
    if (command.name === 'reauthenticate') this.#parts.session.rejoin();
  }

  /** @returns the result byte and what stands behind it. */
  #answer(
    command: Exclude<J11Command, { name: 'reset' | 'scan' | 'send' | 'startRouteB' }>,
  ): readonly [number, ...number[]] {
    const { session } = this.#parts;
    const { model } = this.#context.options;
    switch (command.name) {
      case 'status':
        return [result.ok, ...encodeStatus(this.#status)];
      case 'version': {
        const [major = 0, minor = 0, revision = 0] = model.stackVersion.split('.').map(Number);
        return [result.ok, ...encodeVersion({ firmwareId: FIRMWARE_ID, major, minor, revision })];
      }
      case 'configure':
        return [this.#configure(command)];
      case 'setCredentials':
        return [this.#setCredentials(command.id, command.password)];
      case 'openPort':
        return [this.#openPort(command.port)];
      case 'closePort':
        return [this.#ports.delete(command.port) ? result.ok : result.portNotOpen];
      case 'startPana':
        return [this.#readyForPana()];
      case 'endPana':
        if (session.phase === 'none') return [result.notStarted];
        session.release(); // the module's own doing: no 601A
        return [result.ok];
      case 'stopRouteB':
        if (!this.#connection) return [result.notStarted];
        session.forget();
        this.#connection = undefined;
        return [result.ok];
      case 'reauthenticate':
        if (session.phase === 'joining') return [result.panaRuns];
        return [session.phase === 'none' ? result.notStarted : result.ok];
      case 'openPorts':
        return [result.ok, ...[...this.#ports].flatMap((port) => [...bytesOf16(port)])];
      case 'ownAddress':
        return [result.ok, ...bytesOfAddress(this.#context.ownAddress)];
      case 'ownMac':
        return [result.ok, ...bytesOfHex(model.macAddress)];
      case 'panId':
        return this.#connection ? [result.ok, ...bytesOf16(this.#connection.panId)] : [result.notStarted];
      case 'settings': {
        const set = this.#settings;
        return set ? [result.ok, set.mode, set.hanSleep, set.channel, set.power] : [result.nothingStarted];
      }
      case 'setFlowControl':
        return [result.ok];
      case 'flowControl':
        return [result.ok, NO_FLOW_CONTROL];
    }
  }

  get #status(): ModuleStatus {
    const routeB = this.#parts.session.phase === 'up' ? 'authenticated' : this.#connection ? 'mac' : 'none';
    return { started: this.#settings !== undefined, routeB };
  }

  /** What stands against a command that may not be given while B-route runs. */
  get #obstacle(): number | undefined {
    if (this.#parts.session.phase === 'up') return result.authenticated;
    return this.#connection ? result.routeBRuns : undefined;
  }

  #configure(command: ConfigureCommand): number {
    if (this.#obstacle !== undefined) return this.#obstacle;
    this.#settings = command;
    return result.ok;
  }

  #setCredentials(id: string, password: string): number {
    const { state } = this.#context;
    if (!this.#settings) return result.nothingStarted;
    if (state.id !== undefined) return result.credentialsSet;
    state.setId(id);
    state.setPassword(password);
    return result.ok;
  }

  #openPort(port: number): number {
    if (!this.#settings) return result.nothingStarted;
    if (this.#ports.has(port)) return result.portOpen;
    if (this.#ports.size >= MAX_PORTS) return result.tooManyPorts;
    this.#ports.add(port);
    return result.ok;
  }

  #readyForPana(): number {
    const { session } = this.#parts;
    if (!this.#connection) return result.notStarted;
    if (session.phase === 'joining') return result.panaRuns;
    return session.phase === 'up' ? result.authenticated : result.ok;
  }

  /** 0051: 4051 for each channel when its time is over, the response behind the last. */
  async #scan({ duration, mask, pairingId }: ScanCommand, signal: AbortSignal): Promise<void> {
    const { tasks, timing, state } = this.#context;
    const obstacle = this.#settings ? this.#obstacle : result.nothingStarted;
    if (obstacle !== undefined) {
      await tasks.wait(timing.command(), signal);
      return this.#respond('scan', obstacle);
    }
    const { pans: all, ends } = this.#parts.scanner.heard(pairingId);
    const pans = all.filter((pan) => pan.pairId === pairingId); // asked for by the beacon request: nobody else answers
    const numbers = numbersOfMask(mask);
    for (const channel of numbers) {
      await tasks.wait(dwellMs(duration), signal);
      const beacons = pans
        .filter((pan) => pan.channel === channelOfJ11(channel))
        .map(({ macAddress, panId, lqi }) => ({ macAddress, panId, rssiDbm: rssiDbmOfLqi(lqi) }));
      this.#put(encodeNotification({ kind: 'scanned', channel, beacons }));
    }
    state.addAirtime(numbers.length * 2);
    if (ends) this.#respond('scan', result.ok);
  }

  /** 0053. */
  async #connect(signal: AbortSignal): Promise<void> {
    const { tasks, timing, state, place, faults, options } = this.#context;
    await tasks.wait(timing.connect(), signal);
    const channel = this.#settings?.channel;
    const obstacle = channel === undefined ? result.nothingStarted : this.#obstacle;
    if (obstacle !== undefined) return this.#respond('startRouteB', obstacle);
    if (state.id === undefined) return this.#respond('startRouteB', result.credentialsMissing);
    const isOurs = options.routeBId === undefined || pairingIdOf(options.routeBId) === state.pairId;
    const isThere = isOurs && channel === j11OfChannel(place.channel);
    if (!isThere || state.blocked || faults.take('connect-failed'))
      return this.#respond('startRouteB', result.connectFailed);
    this.#connection = { ...place };
    state.write('S2', hex(place.channel, 2));
    state.write('S3', hex(place.panId, 4));
    const { panId, macAddress, lqi } = place;
    const connection = { channel: channel ?? 0, panId, macAddress, rssiDbm: rssiDbmOfLqi(lqi) };
    this.#respond('startRouteB', result.ok, encodeConnection(connection));
  }

  /** 0008. */
  async #send({ destination, destinationPort, payload }: SendCommand, signal: AbortSignal): Promise<void> {
    const { tasks, timing } = this.#context;
    const { session, exchange } = this.#parts;
    await exchange.handOver(signal);
    if (session.phase !== 'up')
      return this.#respond('send', this.#settings ? result.notStarted : result.nothingStarted);
    const fate = exchange.launch(destination, payload.length);
    const code = {
      delivered: sendResult.ok,
      resolving: sendResult.ok,
      failed: sendResult.noAck,
      blocked: sendResult.airtime,
    }[fate];
    if (fate === 'resolving') await tasks.wait(timing.resolve(), signal);
    this.#respond('send', result.ok, [code, ...payload.subarray(0, REPEATED_BYTES)]);
    if (code !== sendResult.ok) return;
    tasks.start((inner) => exchange.deliver({ data: payload, port: destinationPort, security: 1 }, inner));
  }

  #respond(name: CommandName, code: number, data: Iterable<number> = []): void {
    this.#put(encodeResponse(commandCodes[name], code, data));
  }
}

import { BridgeError } from '../../kernel/errors.ts';
import type { Pan } from '../../model/pan.ts';
import { linkLocalAddress, pairingIdOf } from '../../model/pan.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { ANY_CHANNEL, channelOfJ11, j11Mask, j11OfChannel, MAX_DURATION, MIN_DURATION } from '../../j11/channels.ts';
import { POWER_20_MW, ROUTE_B_AND_HAN } from '../../j11/commands.ts';
import type { J11Command } from '../../j11/commands.ts';
import { decodeConnection, result, resultText } from '../../j11/responses.ts';
import type { Connection } from '../../j11/responses.ts';
import { AirtimeLimit } from '../airtime-limit.ts';
import { authenticate, j11Scan } from './j11-exchanges.ts';
import { COMMAND_LIMIT_MS, openEchonetPort } from './j11-identify.ts';
import type { J11Identity } from './j11-identify.ts';
import type { J11Channel } from './j11-channel.ts';
import { J11Session } from './j11-session.ts';
import type { Credentials, Session, WiSunModule } from '../module.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import type { OpenPort } from '../../wire/open-port.ts';
import type { ModuleDeps } from '../skstack/skstack-module.ts';

/** From 00D9 to 6019. */
const RESET_LIMIT_MS = 15_000;
/** 0053 looks for the meter on the channel it was given. */
const CONNECT_LIMIT_MS = 30_000;
/** 0053 gives 0E now and then although the scan has heard the meter: a reset and once more helps. */
const CONNECT_TRIES = 2;
const TERMINATE_LIMIT_MS = 5000;

/** What answered as J11. */
export interface J11Found {
  readonly link: J11Channel;
  readonly identity: J11Identity;
}

/**
 * A module with the J11 protocol. Its settings are lost at a reset and cannot be changed while B-route runs, so a scan or a
 * join begins with a reset unless nothing has run since the last one. Disposing closes the port.
 */
export class J11Module implements WiSunModule {
  readonly info: ModuleInfo;
  /** Only the result of a send tells of it; nothing can be asked. */
  readonly airtime: AirtimeLimit;
  readonly #port: OpenPort;
  readonly #link: J11Channel;
  readonly #isWarm: boolean;
  readonly #credentials: Credentials;
  readonly #deps: ModuleDeps;
  /** `fresh`: reset and not configured. `configured`: ready for a scan or 0053. `used`: anything else. */
  #state: 'used' | 'fresh' | 'configured' = 'used';

  constructor(port: OpenPort, { link, identity }: J11Found, credentials: Credentials, deps: ModuleDeps) {
    this.info = identity.info;
    this.#port = port;
    this.#link = link;
    this.#isWarm = identity.isWarm;
    this.#credentials = credentials;
    this.#deps = deps;
    this.airtime = new AirtimeLimit(deps.clock, undefined, deps.airtime);
    link.onLost((error) => this.airtime.fail(error));
  }

  async attach(pan: Pan): Promise<Session | undefined> {
    return this.#isWarm && this.#state === 'used' ? this.#session(pan, true) : undefined;
  }

  async reset(signal: AbortSignal): Promise<void> {
    this.#state = 'used';
    await this.#link.reset({ timeoutMs: RESET_LIMIT_MS, signal });
    this.#state = 'fresh';
  }

  async scan({ mask, duration, anyone }: ScanRequest, signal: AbortSignal): Promise<readonly Pan[]> {
    const ours = j11Mask(mask);
    if (ours === 0) return []; // only channels that these modules do not have
    await this.#configure(ANY_CHANNEL, signal);
    const pairingId = anyone ? undefined : pairingIdOf(this.#credentials.routeBId);
    const within = Math.min(MAX_DURATION, Math.max(MIN_DURATION, duration));
    return await j11Scan(this.#link, { mask: ours, duration: within, pairingId }, this.#deps.clock, signal);
  }

  async join(pan: Pan, signal: AbortSignal): Promise<Session> {
    const connection = await this.#connect(pan, signal);
    const { panId, macAddress, rssiDbm } = connection;
    const channel = channelOfJ11(connection.channel) ?? pan.channel;
    await this.#openPort(signal);
    // What the module connected to counts: a meter can have another PAN ID than when it was last heard.
    const session = this.#session({ channel, panId, macAddress, rssiDbm }, false); // listens before the meter can speak
    try {
      await authenticate(this.#link, this.#deps.clock, signal);
      session.begin();
      return session;
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
  }

  async terminate(signal: AbortSignal): Promise<void> {
    this.#state = 'used';
    const limits = { timeoutMs: TERMINATE_LIMIT_MS, signal };
    try {
      await this.#link.ask({ name: 'endPana' }, limits); // any other result: there was none
      await this.#link.ask({ name: 'stopRouteB' }, limits);
    } catch (error) {
      // A module that is silent altogether shows at the next command.
      if (!(error instanceof BridgeError && error.code === 'MODULE_SILENT')) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#link[Symbol.dispose]();
    await this.#port[Symbol.asyncDispose]();
  }

  /** Up to the MAC connection. @throws BridgeError JOIN_TIMEOUT when the meter did not answer on this channel */
  async #connect(pan: Pan, signal: AbortSignal): Promise<Connection> {
    const where = `channel ${pan.channel}`;
    const channel = j11OfChannel(pan.channel);
    if (channel === undefined)
      throw new BridgeError('PAN_NOT_FOUND', `a J11 module has no ${where}: the meter is looked for anew`);
    for (let tries = 1; ; tries++) {
      await this.#configure(channel, signal);
      this.#state = 'used';
      const answer = await this.#link.ask({ name: 'startRouteB' }, { timeoutMs: CONNECT_LIMIT_MS, signal });
      const connection = answer.result === result.ok ? decodeConnection(answer.data) : undefined;
      if (connection) return connection;
      if (answer.result !== result.connectFailed) throw refused({ name: 'startRouteB' }, answer.result);
      if (tries >= CONNECT_TRIES)
        throw new BridgeError('JOIN_TIMEOUT', `the meter did not answer on ${where} (${resultText(answer.result)})`);
    }
  }

  /** 005F and 0054, after a reset where one is needed. */
  async #configure(channel: number, signal: AbortSignal): Promise<void> {
    if (this.#state === 'used') await this.reset(signal);
    const settings = { mode: ROUTE_B_AND_HAN, hanSleep: 0, channel, power: POWER_20_MW };
    await this.#must({ name: 'configure', ...settings }, signal);
    if (this.#state === 'configured') return;
    const { routeBId: id, routeBPassword: password } = this.#credentials;
    await this.#must({ name: 'setCredentials', id, password }, signal, result.credentialsSet);
    this.#state = 'configured';
  }

  async #openPort(signal: AbortSignal): Promise<void> {
    const opened = await openEchonetPort(this.#link, signal);
    if (opened !== result.ok && opened !== result.portOpen) throw refused({ name: 'openPort' }, opened);
  }

  /** A command that a healthy module answers with 01. */
  async #must(command: J11Command, signal: AbortSignal, alsoGood?: number): Promise<void> {
    const answer = await this.#link.ask(command, { timeoutMs: COMMAND_LIMIT_MS, signal });
    if (answer.result === result.ok || answer.result === alsoGood) return;
    this.#state = 'used'; // not in the state we thought: the next try begins with a reset
    throw refused(command, answer.result);
  }

  #session(pan: Pan, live: boolean): J11Session {
    return new J11Session(this.#link, pan, linkLocalAddress(pan.macAddress), live, {
      ...this.#deps,
      airtime: this.airtime,
    });
  }
}

const refused = ({ name }: Pick<J11Command, 'name'>, code: number): BridgeError =>
  new BridgeError('COMMAND_REFUSED', `the module refused ${name} (${resultText(code)})`);

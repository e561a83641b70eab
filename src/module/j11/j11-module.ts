import { BridgeError } from '../../kernel/errors.ts';
import type { Pan } from '../../model/pan.ts';
import { pairingIdOf } from '../../model/pan.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import { ANY_CHANNEL, channelOfJ11, j11Mask, j11OfChannel, MAX_DURATION, MIN_DURATION } from '../../j11/channels.ts';
import { POWER_20_MW, ROUTE_B_AND_HAN } from '../../j11/commands.ts';
import type { J11Command } from '../../j11/commands.ts';
import { decodeConnection, RESULT, resultText } from '../../j11/responses.ts';
import type { Connection } from '../../j11/responses.ts';
import type { OpenPort } from '../../wire/open-port.ts';
import { commandRefused, unlessSilent } from '../command-channel.ts';
import { ModuleBase } from '../module-base.ts';
import type { Credentials, ModuleDeps, Session } from '../module.ts';
import type { J11Channel } from './j11-channel.ts';
import { authenticate, j11Scan, openEchonetPort } from './j11-exchanges.ts';
import type { J11Identity } from './j11-exchanges.ts';
import { J11Session } from './j11-session.ts';

/** 0053 looks for the meter on the channel it was given. */
const CONNECT_LIMIT_MS = 30_000;
/** 0053 gives 0E now and then although the scan has heard the meter: a reset and once more helps. */
const CONNECT_TRIES = 2;

/**
 * A module with the J11 protocol. Its settings are lost at a reset and cannot be changed while B-route runs, so a scan or a
 * join begins with a reset unless nothing has run since the last one. Only the result of a send tells of the airtime limit;
 * nothing can be asked.
 */
export class J11Module extends ModuleBase<J11Channel> {
  readonly #isWarm: boolean;
  /** `fresh`: reset and not configured. `configured`: ready for a scan or 0053. `used`: anything else. */
  #state: 'used' | 'fresh' | 'configured' = 'used';

  constructor(
    port: OpenPort,
    commands: J11Channel,
    { info, isWarm }: J11Identity,
    credentials: Credentials,
    deps: ModuleDeps,
  ) {
    super(port, commands, info, credentials, deps);
    this.#isWarm = isWarm;
  }

  async attach(pan: Pan): Promise<Session | undefined> {
    if (!this.#isWarm || this.#state !== 'used') return undefined;
    return new J11Session(this.commands, pan, true, this.sessionDeps);
  }

  async reset(signal: AbortSignal): Promise<void> {
    this.#state = 'used';
    await this.commands.reset(signal);
    this.#state = 'fresh';
  }

  async scan({ mask, duration, anyone }: ScanRequest, signal: AbortSignal): Promise<readonly Pan[]> {
    const ours = j11Mask(mask);
    if (ours === 0) return []; // only channels that these modules do not have
    await this.#configure(ANY_CHANNEL, signal);
    const pairingId = anyone ? undefined : pairingIdOf(this.credentials.routeBId);
    const within = Math.min(MAX_DURATION, Math.max(MIN_DURATION, duration));
    return await j11Scan(this.commands, { mask: ours, duration: within, pairingId }, this.deps.clock, signal);
  }

  async join(pan: Pan, signal: AbortSignal): Promise<Session> {
    const connection = await this.#connect(pan, signal);
    const opened = await openEchonetPort(this.commands, signal);
    if (opened !== RESULT.ok && opened !== RESULT.portOpen) throw commandRefused('openPort', resultText(opened));
    // What the module connected to counts: a meter can have another PAN ID than when it was last heard.
    const channel = channelOfJ11(connection.channel) ?? pan.channel;
    const session = new J11Session(this.commands, { ...connection, channel }, false, this.sessionDeps);
    return await this.authenticated(session, async () => {
      await authenticate(this.commands, this.deps.clock, signal);
      session.begin();
    });
  }

  async terminate(signal: AbortSignal): Promise<void> {
    this.#state = 'used';
    // Any other result: there was none. A module that is silent altogether shows at the next command.
    const ended = await unlessSilent(this.commands.ask({ name: 'endPana' }, signal));
    if (ended) await unlessSilent(this.commands.ask({ name: 'stopRouteB' }, signal));
  }

  /** Up to the MAC connection. @throws BridgeError JOIN_TIMEOUT when the meter did not answer on this channel */
  async #connect(pan: Pan, signal: AbortSignal): Promise<Connection> {
    const channel = j11OfChannel(pan.channel);
    if (channel === undefined)
      throw new BridgeError('PAN_NOT_FOUND', {
        en: `a J11 module has no channel ${pan.channel}: the meter is looked for anew`,
        ja: `J11モジュールにチャネル ${pan.channel} はありません。メーターを探し直します`,
      });
    for (let tries = 1; ; tries++) {
      await this.#configure(channel, signal);
      this.#state = 'used';
      const answer = await this.commands.ask({ name: 'startRouteB' }, signal, CONNECT_LIMIT_MS);
      const connection = answer.result === RESULT.ok ? decodeConnection(answer.data) : undefined;
      if (connection) return connection;
      const how = resultText(answer.result);
      if (answer.result !== RESULT.connectFailed) throw commandRefused('startRouteB', how);
      if (tries >= CONNECT_TRIES)
        throw new BridgeError('JOIN_TIMEOUT', {
          en: `the meter did not answer on channel ${pan.channel} (${how.en})`,
          ja: `チャネル ${pan.channel} でメーターが応答しませんでした（${how.ja}）`,
        });
    }
  }

  /** 005F and 0054, after a reset where one is needed. */
  async #configure(channel: number, signal: AbortSignal): Promise<void> {
    if (this.#state === 'used') await this.reset(signal);
    const settings = { mode: ROUTE_B_AND_HAN, hanSleep: 0, channel, power: POWER_20_MW };
    await this.#must({ name: 'configure', ...settings }, signal);
    if (this.#state === 'configured') return;
    const { routeBId: id, routeBPassword: password } = this.credentials;
    await this.#must({ name: 'setCredentials', id, password }, signal, RESULT.credentialsSet);
    this.#state = 'configured';
  }

  /** A command that a healthy module answers with 01. */
  async #must(command: J11Command, signal: AbortSignal, alsoGood?: number): Promise<void> {
    const answer = await this.commands.ask(command, signal);
    if (answer.result === RESULT.ok || answer.result === alsoGood) return;
    this.#state = 'used'; // not in the state we thought: the next try begins with a reset
    throw commandRefused(command.name, resultText(answer.result));
  }
}

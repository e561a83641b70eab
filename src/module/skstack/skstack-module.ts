import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Pan } from '../../model/pan.ts';
import { linkLocalAddress, pairingIdOf } from '../../model/pan.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { scanTimeMs } from '../../skstack/commands.ts';
import type { SkCommand } from '../../skstack/commands.ts';
import { eventNumber, udpSent } from '../../skstack/events.ts';
import type { SkEvent } from '../../skstack/events.ts';
import {
  addressLine,
  failText,
  joinOutcome,
  okOrFail,
  registerValue,
  scanDone,
  terminated,
  ownPans,
  PanCollector,
} from '../../skstack/exchanges.ts';
import type { Answer } from '../../skstack/exchanges.ts';
import { hex } from '../../kernel/bytes.ts';
import { AirtimeLimit } from '../airtime-limit.ts';
import type { AirtimeRecord } from '../airtime-limit.ts';
import { LINE_LIMIT_MS, quieten } from './identify.ts';
import type { ModuleIdentity } from './identify.ts';
import type { Credentials, Session, WiSunModule } from '../module.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import type { OpenPort } from '../../wire/open-port.ts';
import type { SkChannel } from './sk-channel.ts';
import { SkSession } from './sk-session.ts';

/** SKRESET answers after some 0.6 s. */
const RESET_LIMIT_MS = 5000;
/** A join takes 3–4 s; when the meter is silent the module gives up after some 40 s of PANA retries. */
const JOIN_LIMIT_MS = 60_000;
const TERMINATE_LIMIT_MS = 10_000;
/** Over the formula's time, for EVENT 22; and how long late EPANDESC blocks are waited for after an empty scan. */
const SCAN_MARGIN_MS = 5000;
const SCAN_LINGER_MS = 1000;
/** Mode 2: active scan with Pairing ID, so that only the own meter answers. */
const ACTIVE_SCAN_WITH_PAIRING_ID = 2;
const ACTIVE_SCAN_OF_ANYONE = 3;
const WRONG_ARGUMENT_COUNT = 5;
/** 1 while the airtime limit blocks sending. */
const AIRTIME_REGISTER = 'SFB';
/** So many sends in a row that failed, the module's own included, none of them heard: it does not send at all. */
const FAILED_SENDS = 5;

export interface ModuleDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** What was known of the airtime limit before the port was opened; a command that runs once knows nothing. */
  readonly airtime?: AirtimeRecord;
}

/** What answered as SKSTACK. */
export interface SkstackFound {
  readonly link: SkChannel;
  readonly identity: ModuleIdentity;
}

/** A module with SKSTACK-IP, in either edition. Disposing closes the port. */
export class SkstackModule implements WiSunModule {
  readonly info: ModuleInfo;
  readonly airtime: AirtimeLimit;
  readonly #port: OpenPort;
  readonly #link: SkChannel;
  readonly #identity: ModuleIdentity;
  readonly #credentials: Credentials;
  readonly #deps: ModuleDeps;
  #failedSends = 0;

  constructor(port: OpenPort, { link, identity }: SkstackFound, credentials: Credentials, deps: ModuleDeps) {
    this.#port = port;
    this.info = identity.info;
    this.#link = link;
    this.#identity = identity;
    this.#credentials = credentials;
    this.#deps = deps;
    this.airtime = new AirtimeLimit(deps.clock, (signal) => this.#askAirtime(signal), deps.airtime);
    link.listen((line) => {
      if (line.kind === 'event') this.#onEvent(line);
    });
    link.onLost((error) => this.airtime.fail(error));
  }

  async attach(pan: Pan): Promise<Session | undefined> {
    const { channel, panId } = this.#identity.configured;
    return channel === pan.channel && panId === pan.panId
      ? this.#session(pan, linkLocalAddress(pan.macAddress), true)
      : undefined;
  }

  async reset(signal: AbortSignal): Promise<void> {
    await this.#must({ name: 'SKRESET' }, signal, RESET_LIMIT_MS);
    await quieten(this.#link, signal);
  }

  async scan(request: ScanRequest, signal: AbortSignal): Promise<readonly Pan[]> {
    await this.#setCredentials(signal); // the scan asks for the last 8 characters of the ID
    const answer = await this.#scanOnce(request, signal);
    if (answer.ok) return answer.value;
    if (answer.failCode === WRONG_ARGUMENT_COUNT) {
      this.#link.edition = this.#link.edition === 'SE' ? 'DSE' : 'SE'; // SKINFO misled us: the module says so itself
      const again = await this.#scanOnce(request, signal);
      if (again.ok) return again.value;
    }
    throw refused('SKSCAN', answer.failCode);
  }

  async join(pan: Pan, signal: AbortSignal): Promise<Session> {
    await quieten(this.#link, signal);
    await this.#setCredentials(signal);
    await this.#must({ name: 'SKSREG', register: 'S2', value: hex(pan.channel, 2) }, signal);
    await this.#must({ name: 'SKSREG', register: 'S3', value: hex(pan.panId, 4) }, signal);
    const resolved = await this.#link.ask(
      { name: 'SKLL64', macAddress: pan.macAddress },
      addressLine(),
      this.#limits(signal),
    );
    const address = resolved.ok ? resolved.value : linkLocalAddress(pan.macAddress);
    const session = this.#session(pan, address, false); // listens from here on: the instance list can follow EVENT 25 at once
    try {
      await this.#joinAt(address, pan, signal);
      return session;
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
  }

  async terminate(signal: AbortSignal): Promise<void> {
    try {
      await this.#link.ask({ name: 'SKTERM' }, terminated(), { timeoutMs: TERMINATE_LIMIT_MS, signal }); // FAIL ER10: there was none
    } catch (error) {
      // EVENT 27 or 28 may never come; a module that is silent altogether shows at the next command.
      if (!(error instanceof BridgeError && error.code === 'MODULE_SILENT')) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#link[Symbol.dispose]();
    await this.#port[Symbol.asyncDispose]();
  }

  async #askAirtime(signal: AbortSignal): Promise<boolean | undefined> {
    const command = { name: 'SKSREG', register: AIRTIME_REGISTER } as const;
    const answer = await this.#link.ask(command, registerValue(), this.#limits(signal));
    return answer.ok && answer.value !== undefined ? Number.parseInt(answer.value, 16) === 1 : undefined;
  }

  /** EVENT 21 counts whoever sent: the module's own PANA messages need airtime too. */
  #onEvent({ number, param }: SkEvent): void {
    if (number === eventNumber.airtimeLimited) this.airtime.told(true);
    if (number === eventNumber.airtimeFree) this.airtime.told(false);
    if (number !== eventNumber.udpSent || param === undefined) return;
    this.#failedSends = param === udpSent.failed ? this.#failedSends + 1 : 0;
    if (param === udpSent.failed) this.airtime.unsent();
    else this.airtime.sent();
    if (this.#failedSends >= FAILED_SENDS) this.airtime.shown();
  }

  async #joinAt(address: string, pan: Pan, signal: AbortSignal): Promise<void> {
    const where = `channel ${pan.channel}, PAN ${hex(pan.panId, 4)}`;
    const silent = (): Error =>
      new BridgeError('JOIN_TIMEOUT', `neither EVENT 25 nor 24 within ${JOIN_LIMIT_MS / 1000} s of SKJOIN (${where})`);
    const answer = await within(
      this.#deps.clock,
      JOIN_LIMIT_MS,
      signal,
      (limit) =>
        this.#link.ask({ name: 'SKJOIN', address }, joinOutcome(), { timeoutMs: 2 * JOIN_LIMIT_MS, signal: limit }),
      silent,
    );
    if (!answer.ok) throw refused('SKJOIN', answer.failCode);
    if (answer.value === 'refused')
      throw new BridgeError('JOIN_REFUSED', `the meter refused the join (EVENT 24, ${where})`);
  }

  async #scanOnce(
    { mask, duration, anyone = false }: ScanRequest,
    signal: AbortSignal,
  ): Promise<Answer<readonly Pan[]>> {
    const found = new PanCollector();
    const stop = this.#link.listen((line) => found.feed(line));
    const ours = (): readonly Pan[] =>
      ownPans(found.pans, pairingIdOf(this.#credentials.routeBId)).map(({ channel, panId, macAddress, lqi }) => ({
        channel,
        panId,
        macAddress,
        lqi,
      }));
    const timeoutMs = scanTimeMs(mask, duration) + SCAN_MARGIN_MS;
    try {
      const answer = await this.#link.ask(
        { name: 'SKSCAN', mode: anyone ? ACTIVE_SCAN_OF_ANYONE : ACTIVE_SCAN_WITH_PAIRING_ID, mask, duration },
        scanDone(),
        { timeoutMs, signal },
      );
      if (!answer.ok) return answer;
      if (ours().length === 0) await this.#deps.clock.sleep(SCAN_LINGER_MS, signal);
      return { ok: true, value: ours() };
    } catch (error) {
      const heard = ours(); // EVENT 22 never came, but what we want to know did
      if (error instanceof BridgeError && error.code === 'MODULE_SILENT' && heard.length > 0)
        return { ok: true, value: heard };
      throw error;
    } finally {
      stop();
    }
  }

  async #setCredentials(signal: AbortSignal): Promise<void> {
    await this.#must({ name: 'SKSETPWD', password: this.#credentials.routeBPassword }, signal);
    await this.#must({ name: 'SKSETRBID', id: this.#credentials.routeBId }, signal);
  }

  /** A command that a healthy module answers with OK. */
  async #must(command: SkCommand, signal: AbortSignal, timeoutMs: number = LINE_LIMIT_MS): Promise<void> {
    const answer = await this.#link.ask(command, okOrFail(), { timeoutMs, signal });
    if (!answer.ok) throw refused(command.name, answer.failCode);
  }

  #session(pan: Pan, address: string, live: boolean): Session {
    return new SkSession(this.#link, pan, address, live, { ...this.#deps, airtime: this.airtime });
  }

  #limits(signal: AbortSignal): { readonly timeoutMs: number; readonly signal: AbortSignal } {
    return { timeoutMs: LINE_LIMIT_MS, signal };
  }
}

const refused = (name: string, code: number): BridgeError =>
  new BridgeError('COMMAND_REFUSED', `the module refused ${name} (${failText(code)})`);

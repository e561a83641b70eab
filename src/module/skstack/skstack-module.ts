import { within } from '../../kernel/async.ts';
import { hex } from '../../kernel/bytes.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Pan } from '../../model/pan.ts';
import { linkLocalAddress, pairingIdOf } from '../../model/pan.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import { scanTimeMs } from '../../skstack/commands.ts';
import type { SkCommand } from '../../skstack/commands.ts';
import { EVENT_NUMBER, UDP_SENT } from '../../skstack/events.ts';
import type { SkEvent } from '../../skstack/events.ts';
import {
  addressLine,
  failText,
  joinOutcome,
  okOrFail,
  ownPans,
  PanCollector,
  registerValue,
  scanDone,
  terminated,
} from '../../skstack/exchanges.ts';
import type { Answer } from '../../skstack/exchanges.ts';
import type { OpenPort } from '../../wire/open-port.ts';
import { commandRefused, isSilence, unlessSilent } from '../command-channel.ts';
import { ModuleBase } from '../module-base.ts';
import type { Credentials, ModuleDeps, Session } from '../module.ts';
import { quieten } from './identify.ts';
import type { SkIdentity } from './identify.ts';
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

/** A module with SKSTACK-IP, in either edition. */
export class SkstackModule extends ModuleBase<SkChannel> {
  readonly #configured: SkIdentity['configured'];
  #failedSends = 0;

  constructor(
    port: OpenPort,
    commands: SkChannel,
    { info, configured }: SkIdentity,
    credentials: Credentials,
    deps: ModuleDeps,
  ) {
    super(port, commands, info, credentials, deps, (signal) => airtimeRegister(commands, signal));
    this.#configured = configured;
    commands.listen((line) => {
      if (line.kind === 'event') this.#onEvent(line);
    });
  }

  async attach(pan: Pan): Promise<Session | undefined> {
    const { channel, panId } = this.#configured;
    return channel === pan.channel && panId === pan.panId
      ? this.#session(pan, linkLocalAddress(pan.macAddress), true)
      : undefined;
  }

  async reset(signal: AbortSignal): Promise<void> {
    await this.#must({ name: 'SKRESET' }, signal, RESET_LIMIT_MS);
    await quieten(this.commands, signal);
  }

  async scan(request: ScanRequest, signal: AbortSignal): Promise<readonly Pan[]> {
    await this.#setCredentials(signal); // the scan asks for the last 8 characters of the ID
    const answer = await this.#scanOnce(request, signal);
    if (answer.ok) return answer.value;
    if (answer.failCode === WRONG_ARGUMENT_COUNT) {
      this.commands.edition = this.commands.edition === 'SE' ? 'DSE' : 'SE'; // SKINFO misled us: the module says so itself
      const again = await this.#scanOnce(request, signal);
      if (again.ok) return again.value;
    }
    throw commandRefused('SKSCAN', failText(answer.failCode));
  }

  async join(pan: Pan, signal: AbortSignal): Promise<Session> {
    await quieten(this.commands, signal);
    await this.#setCredentials(signal);
    await this.#must({ name: 'SKSREG', register: 'S2', value: hex(pan.channel, 2) }, signal);
    await this.#must({ name: 'SKSREG', register: 'S3', value: hex(pan.panId, 4) }, signal);
    const resolved = await this.commands.ask({ name: 'SKLL64', macAddress: pan.macAddress }, addressLine(), signal);
    const address = resolved.ok ? resolved.value : linkLocalAddress(pan.macAddress);
    return await this.authenticated(this.#session(pan, address, false), () => this.#joinAt(address, pan, signal));
  }

  async terminate(signal: AbortSignal): Promise<void> {
    // FAIL ER10: there was none. EVENT 27 or 28 may never come; a module that is silent altogether shows at the next command.
    await unlessSilent(this.commands.ask({ name: 'SKTERM' }, terminated(), signal, TERMINATE_LIMIT_MS));
  }

  /** EVENT 21 counts whoever sent: the module's own PANA messages need airtime too. */
  #onEvent({ number, param }: SkEvent): void {
    if (number === EVENT_NUMBER.airtimeLimited) this.airtime.report(true);
    if (number === EVENT_NUMBER.airtimeFree) this.airtime.report(false);
    if (number !== EVENT_NUMBER.udpSent || param === undefined) return;
    this.#failedSends = param === UDP_SENT.failed ? this.#failedSends + 1 : 0;
    if (param === UDP_SENT.failed) this.airtime.unsent();
    else this.airtime.sent();
    if (this.#failedSends >= FAILED_SENDS) this.airtime.shown();
  }

  async #joinAt(address: string, pan: Pan, signal: AbortSignal): Promise<void> {
    const seconds = JOIN_LIMIT_MS / 1000;
    const panId = hex(pan.panId, 4);
    const where = { en: `channel ${pan.channel}, PAN ${panId}`, ja: `チャネル ${pan.channel}、PAN ${panId}` };
    const late = {
      en: `neither EVENT 25 nor 24 within ${seconds} s of SKJOIN (${where.en})`,
      ja: `SKJOIN から ${seconds} 秒以内に EVENT 25 も 24 も届きませんでした（${where.ja}）`,
    };
    const answer = await within(
      this.deps.clock,
      JOIN_LIMIT_MS,
      signal,
      (limit) => this.commands.ask({ name: 'SKJOIN', address }, joinOutcome(), limit, 2 * JOIN_LIMIT_MS),
      () => new BridgeError('JOIN_TIMEOUT', late),
    );
    if (!answer.ok) throw commandRefused('SKJOIN', failText(answer.failCode));
    if (answer.value === 'refused')
      throw new BridgeError('JOIN_REFUSED', {
        en: `the meter refused the join (EVENT 24, ${where.en})`,
        ja: `メーターが接続を拒否しました（EVENT 24、${where.ja}）`,
      });
  }

  async #scanOnce(request: ScanRequest, signal: AbortSignal): Promise<Answer<readonly Pan[]>> {
    const { mask, duration, anyone = false } = request;
    const mode = anyone ? ACTIVE_SCAN_OF_ANYONE : ACTIVE_SCAN_WITH_PAIRING_ID;
    const found = new PanCollector();
    const stop = this.commands.listen((line) => found.feed(line));
    const ours = (): readonly Pan[] => ownPans(found.pans, pairingIdOf(this.credentials.routeBId));
    const timeoutMs = scanTimeMs(mask, duration) + SCAN_MARGIN_MS;
    try {
      const answer = await this.commands.ask({ name: 'SKSCAN', mode, mask, duration }, scanDone(), signal, timeoutMs);
      if (!answer.ok) return answer;
      if (ours().length === 0) await this.deps.clock.sleep(SCAN_LINGER_MS, signal);
    } catch (error) {
      // EVENT 22 never came, but what we want to know did
      if (!isSilence(error) || ours().length === 0) throw error;
    } finally {
      stop();
    }
    return { ok: true, value: ours() };
  }

  async #setCredentials(signal: AbortSignal): Promise<void> {
    await this.#must({ name: 'SKSETPWD', password: this.credentials.routeBPassword }, signal);
    await this.#must({ name: 'SKSETRBID', id: this.credentials.routeBId }, signal);
  }

  /** A command that a healthy module answers with OK. */
  async #must(command: SkCommand, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    const answer = await this.commands.ask(command, okOrFail(), signal, timeoutMs);
    if (!answer.ok) throw commandRefused(command.name, failText(answer.failCode));
  }

  #session(pan: Pan, address: string, isLive: boolean): Session {
    return new SkSession(this.commands, pan, address, isLive, this.sessionDeps);
  }
}

async function airtimeRegister(commands: SkChannel, signal: AbortSignal): Promise<boolean | undefined> {
  const answer = await commands.ask({ name: 'SKSREG', register: AIRTIME_REGISTER }, registerValue(), signal);
  return answer.ok && answer.value !== undefined ? Number.parseInt(answer.value, 16) === 1 : undefined;
}

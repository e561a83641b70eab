import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import { rssiDbmOfLqi } from '../../model/pan.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import { EVENT_NUMBER } from '../../skstack/events.ts';
import type { RxUdp, SkEvent, SkLine } from '../../skstack/events.ts';
import { dataThenOk, failText, sendOutcome } from '../../skstack/exchanges.ts';
import { sendRefused } from '../command-channel.ts';
import { SessionBase } from '../module-base.ts';
import type { Renewal, SessionDeps } from '../module-base.ts';
import type { SkChannel } from './sk-channel.ts';

/**
 * EVENT 29 marks the start of the module's own renewal, at 80 % of the lifetime: EVENT 25 came after 2 s in the median and
 * 42 s at most in ten months of a public project's logs (nbtk/momonga af83d57). Without it the session is lost.
 */
const RENEWAL_LIMIT_MS = 90_000;
const RENEWAL: Renewal = {
  limitMs: RENEWAL_LIMIT_MS,
  late: {
    en: `the module did not renew the session within ${RENEWAL_LIMIT_MS / 1000} s of EVENT 29`,
    ja: `EVENT 29 から ${RENEWAL_LIMIT_MS / 1000} 秒以内に、モジュールがセッションを更新しませんでした`,
  },
};

/** UDP handle of the module's port 3610 and SEC = encrypted or not at all. BP35A1 command reference 3.12. */
const ECHONET_HANDLE = 1;
const ENCRYPTED_ONLY = 1;

/** EVENT lines after which there is no session. */
const ENDINGS: ReadonlyMap<number, Text> = new Map([
  [
    EVENT_NUMBER.joinFailed,
    { en: 'the meter refused to renew the session', ja: 'メーターがセッションの更新を拒否しました' },
  ],
  [EVENT_NUMBER.peerEnded, { en: 'the meter ended the session', ja: 'メーターがセッションを終了しました' }],
  [EVENT_NUMBER.ended, { en: 'the session was ended', ja: 'セッションが終了しました' }],
  [
    EVENT_NUMBER.endTimedOut,
    { en: 'the session was ended without an answer', ja: 'メーターの応答がないままセッションが終了しました' },
  ],
]);

/** A session on a SKSTACK module: EVENT lines decide when it is held and when it is over. It begins with EVENT 25. */
export class SkSession extends SessionBase<SkLine> {
  protected readonly renewal = RENEWAL;
  readonly #commands: SkChannel;
  /** The echo is off, and a firmware that keeps it on all the same has not shown: an echo then tells of a restart. */
  #echoTells: boolean;

  constructor(commands: SkChannel, pan: Pan, address: string, isLive: boolean, deps: SessionDeps) {
    super(commands, pan, address, isLive, deps);
    this.#commands = commands;
    this.#echoTells = commands.echoes === commands.echoesWhenQuiet;
  }

  /** While the airtime is used up it waits and sends again: neither EVENT 21 nor FAIL says that this was the reason. */
  async send(payload: Uint8Array, signal: AbortSignal): Promise<void> {
    for (;;) {
      const failure = await this.#sendOnce(payload, signal);
      if (!failure) return;
      if (!(await this.airtime.check(signal))) throw failure.code === 'SESSION_LOST' ? this.end(failure) : failure;
      await this.airtime.over(signal);
    }
  }

  async #sendOnce(payload: Uint8Array, signal: AbortSignal): Promise<BridgeError | undefined> {
    const command = {
      name: 'SKSENDTO',
      handle: ECHONET_HANDLE,
      address: this.address,
      port: ECHONET_PORT,
      security: ENCRYPTED_ONLY,
      data: payload,
    } as const;
    const ask = (limit: AbortSignal, timeoutMs: number) => this.#commands.ask(command, sendOutcome(), limit, timeoutMs);
    const answer = await this.#commands.patiently(ask, signal).catch(async (error: unknown) => {
      if (!signal.aborted) await this.#heedEcho(signal);
      throw error;
    });
    await this.#heedEcho(signal);
    if (!answer.ok) return new BridgeError('SESSION_LOST', sendRefused(failText(answer.failCode)));
    if (answer.value !== 'failed') return undefined;
    return new BridgeError('SEND_FAILED', {
      en: 'the radio could not deliver the request (EVENT 21 parameter 01)',
      ja: '無線で要求を届けられませんでした（EVENT 21、パラメーター 01）',
    });
  }

  /**
   * A reset brings the echo back and ends the session; but some firmware repeats SKSENDTO although the echo is off. What
   * the module is set to tells: a reset sets it back. @throws BridgeError SESSION_LOST
   */
  async #heedEcho(signal: AbortSignal): Promise<void> {
    if (!this.#echoTells || this.#commands.echoes <= this.#commands.echoesWhenQuiet) return;
    const info = await this.#commands.ask({ name: 'SKINFO' }, dataThenOk('info'), signal);
    if (!info.ok || info.value.channel !== this.pan.channel || info.value.panId !== this.pan.panId) {
      const restarted = {
        en: 'the module restarted by itself (its echo is on again)',
        ja: 'モジュールが予期せず再起動しました（エコーが有効に戻っています）',
      };
      throw this.end(new BridgeError('SESSION_LOST', restarted));
    }
    this.#echoTells = false;
  }

  protected onEvent(line: SkLine): void {
    if (line.kind === 'rxudp') this.#onDatagram(line);
    else if (line.kind === 'event') this.#onEventLine(line);
  }

  #onDatagram({ from, remotePort, localPort, secured: isEncrypted, payload, lqi }: RxUdp): void {
    const quality = lqi === undefined ? {} : { lqi, rssiDbm: rssiDbmOfLqi(lqi) };
    this.accept({ from, ports: [remotePort, localPort], isEncrypted, payload, ...quality });
  }

  #onEventLine({ number }: SkEvent): void {
    switch (number) {
      case EVENT_NUMBER.renewing:
        return this.hold('reauthentication', true);
      case EVENT_NUMBER.joined:
        this.isLive = true;
        return this.hold('reauthentication', false);
    }
    const end = ENDINGS.get(number);
    const event = `EVENT ${number.toString(16).toUpperCase()}`;
    if (end) this.lost({ en: `${end.en} (${event})`, ja: `${end.ja}（${event}）` });
  }
}

import { ReadlineParser } from '@serialport/parser-readline';
import type { Clock } from '../../kernel/clock.ts';
import { hexOfBytes } from '../../kernel/bytes.ts';
import type { Log } from '../../kernel/log.ts';
import { commandText, encodeCommand, MAX_DATA_LENGTH, PANA_PORT } from '../../skstack/commands.ts';
import type { SkCommand, Edition } from '../../skstack/commands.ts';
import type { SkLine } from '../../skstack/events.ts';
import { parseLine } from '../../skstack/events.ts';
import type { Answer, Exchange } from '../../skstack/exchanges.ts';
import { LineJoiner, MAX_LINE_LENGTH } from '../../skstack/lines.ts';
import type { OpenPort } from '../../wire/open-port.ts';
import { CommandChannel } from '../command-channel.ts';

/** A simple command is answered within some 12 ms, SKLL64 in 100 ms; this is for a busy USB bus. */
const LINE_LIMIT_MS = 3000;
const NUDGE = { name: 'SKVER' } as const;
/** FAIL ER09: the command did not arrive whole. */
const UART_INPUT_ERROR = 9;
/** For the refusal of what the module kept of a damaged command. */
const CLEARING_MS = 200;

/** The conversation with a SKSTACK module, in lines. */
export class SkChannel extends CommandChannel<SkLine, SkLine> {
  edition: Edition = 'SE';
  echoes = 0;
  /** Echoes seen when the echo was last switched off. One more than this means that the module restarted by itself. */
  echoesWhenQuiet = 0;
  readonly #joiner = new LineJoiner();
  #parser = newParser();
  #sinceCr = 0;
  /** The command under way, as an echo would repeat it. */
  #sent = '';
  /** Nudges not answered yet. */
  #nudges = 0;
  #nudgeEchoed = false;
  /** The next OK is a nudge's, not the command's under way. */
  #okIsNudges = false;

  constructor(port: OpenPort, clock: Clock, log: Log) {
    super(port, clock, log);
    this.#parser.on('data', this.#onPiece);
  }

  /**
   * Sends a command when those before it are done, and feeds `exchange` until it answers. A command that the module got
   * damaged is sent once more.
   * @throws BridgeError MODULE_SILENT after `timeoutMs`, PORT_LOST, or the signal's reason.
   */
  ask<T>(
    command: SkCommand,
    exchange: Exchange<T>,
    signal: AbortSignal,
    timeoutMs: number = LINE_LIMIT_MS,
  ): Promise<Answer<T>> {
    const ask = (): Promise<Answer<T>> => {
      this.#sent = commandText(command, this.edition).trimEnd();
      const outgoing = { name: command.name, bytes: encodeCommand(command, this.edition), shown: () => this.#sent };
      return this.exchange(outgoing, exchange, signal, timeoutMs);
    };
    return this.inTurn(async () => {
      const answer = await ask();
      if (answer.ok || answer.failCode !== UART_INPUT_ERROR) return answer;
      // The data of a damaged SKSENDTO may stand before the next command: they end here, and are refused unheard.
      await this.port.write(Buffer.from('\r\n'), CLEARING_MS, signal);
      await this.clock.sleep(CLEARING_MS, signal);
      return await ask();
    });
  }

  /** Ends a line, or the payload, that a dead predecessor left half sent. @param burst fill up a whole SKSENDTO. */
  async flush(burst: boolean, signal: AbortSignal): Promise<void> {
    this.#joiner.reset();
    await this.port.write(Buffer.from(burst ? '\r\n'.repeat(MAX_DATA_LENGTH / 2) : '\r\n'), 2000, signal);
  }

  /** SKVER. */
  protected async nudge(signal: AbortSignal): Promise<void> {
    this.#nudges++;
    const logged = { sent: NUDGE.name, beside: this.#sent };
    await this.writeNudge(encodeCommand(NUDGE, this.edition), logged, signal);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#parser.removeAllListeners();
  }

  protected receive(chunk: Buffer): void {
    const lastCr = chunk.lastIndexOf(0x0d);
    this.#sinceCr = lastCr === -1 ? this.#sinceCr + chunk.length : chunk.length - lastCr - 1;
    if (this.#sinceCr > MAX_LINE_LENGTH) {
      this.#replaceParser(); // readline's buffer has no bound of its own
      return;
    }
    this.#parser.write(chunk);
  }

  readonly #onPiece = (piece: string): void => {
    for (const text of this.#joiner.push(piece)) this.#onLine(parseLine(text), text);
  };

  #onLine(line: SkLine, text: string): void {
    if (line.kind === 'echo') this.#onEcho(text.trimEnd());
    if (this.log.isLevelEnabled('debug')) this.log.debug({ port: this.name, received: loggable(line, text) }, 'wire');
    if (!this.#isOkOfNudge(line)) this.feed(line);
    this.publish(line);
  }

  #onEcho(text: string): void {
    const ofNudge = this.#nudges > 0 && text === NUDGE.name;
    if (ofNudge || text === this.#sent) this.echoes++;
    if (ofNudge) this.#nudgeEchoed = true;
  }

  /** Its version goes to the command under way too: what stands before it has been answered, or never will be. */
  #isOkOfNudge(line: SkLine): boolean {
    if (line.kind === 'version' && this.#nudges > 0) {
      this.#nudges--;
      this.#okIsNudges = true;
      this.nudgeAnswered(this.#nudgeEchoed);
      this.#nudgeEchoed = false;
    }
    if (line.kind !== 'ok' || !this.#okIsNudges) return false;
    this.#okIsNudges = false;
    return true;
  }

  #replaceParser(): void {
    this.#parser.removeAllListeners();
    this.#parser = newParser();
    this.#parser.on('data', this.#onPiece);
    this.#joiner.reset();
    this.#sinceCr = 0;
    this.log.debug({ port: this.name, limit: MAX_LINE_LENGTH }, 'bytes without a line end dropped');
  }
}

/** CR parts every kind of line this protocol has; readable objects, or lines that arrive together would be joined. */
function newParser(): ReadlineParser {
  return new ReadlineParser({ delimiter: '\r', encoding: 'latin1', readableObjectMode: true });
}

/** PANA messages carry the B-route ID in clear: their payload never reaches a log, not even a piece of a damaged one. */
function loggable(line: SkLine, text: string): string {
  if (!text.startsWith('ERXUDP ')) return text;
  const header = text.split(' ').slice(0, 6).join(' ');
  if (line.kind !== 'rxudp') return `${header} … ${text.length} characters that do not fit`;
  const isPana = line.localPort === PANA_PORT || line.remotePort === PANA_PORT;
  return `${header} … ${isPana ? `${line.payload.length} bytes of PANA` : hexOfBytes(line.payload)}`;
}

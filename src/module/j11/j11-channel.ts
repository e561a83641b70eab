import { hex, hexOfBytes } from '../../kernel/bytes.ts';
import { encodeCommand, responseTo } from '../../j11/commands.ts';
import type { J11Command } from '../../j11/commands.ts';
import { FrameReader } from '../../j11/frame.ts';
import type { J11Frame, FrameInput } from '../../j11/frame.ts';
import { isNotification, parseNotification } from '../../j11/notifications.ts';
import type { J11Notification } from '../../j11/notifications.ts';
import { BAD_HEADER, UNKNOWN_COMMAND, isLineNoise, RESULT } from '../../j11/responses.ts';
import type { J11Response } from '../../j11/responses.ts';
import { CommandChannel } from '../command-channel.ts';

/** The module itself gives up a frame after such a gap; so do we, else a cut one would swallow those behind it. */
const GAP_MS = 1000;
const BUSY_REPEAT_MS = 1000;
/** A simple command is answered at once; this is for a busy USB bus, and a module at work. */
const COMMAND_LIMIT_MS = 5000;
/** From 00D9 to 6019. */
const RESET_LIMIT_MS = 15_000;
/** Commands whose data hold the Route-B ID or a part of it. */
const SECRET: ReadonlySet<string> = new Set(['setCredentials', 'scan'] satisfies J11Command['name'][]);

/** The conversation with a J11 module, in frames: a response is told by its code, since notifications may stand between. */
export class J11Channel extends CommandChannel<J11Frame, J11Notification> {
  readonly #reader = new FrameReader('module');
  #lastMs = 0;

  /**
   * Sends a command when those before it are done. A command that the module got damaged is sent once more, and while it
   * is busy with another one (of a program before us, say) it is asked again for as long as one answer may take.
   * @returns its response, whatever the result.
   * @throws BridgeError MODULE_SILENT after `timeoutMs`, PORT_LOST, or the signal's reason.
   */
  async ask(
    command: J11Command,
    signal: AbortSignal,
    timeoutMs: number = COMMAND_LIMIT_MS,
    busyMs: number = timeoutMs,
  ): Promise<J11Response> {
    const ask = (): Promise<J11Response> =>
      this.#ask(command, (frame) => responseOf(command, frame), signal, timeoutMs);
    const startMs = this.clock.monotonicMs();
    let response = await ask();
    if (isLineNoise(response.result)) response = await ask();
    while (response.result === RESULT.busy && this.clock.monotonicMs() - startMs < busyMs) {
      await this.clock.sleep(BUSY_REPEAT_MS, signal);
      response = await ask();
    }
    return response;
  }

  /** Resets the module: the one command without a response. Resolves when it is up again. @throws as `ask` */
  async reset(signal: AbortSignal): Promise<void> {
    const up = (frame: J11Frame): true | undefined =>
      isNotification(frame) && parseNotification(frame).kind === 'started' ? true : undefined;
    await this.#ask({ name: 'reset' }, up, signal, RESET_LIMIT_MS);
  }

  /** The status request. */
  protected nudge(signal: AbortSignal): Promise<void> {
    return this.writeNudge(encodeCommand({ name: 'status' }), { sent: 'status' }, signal);
  }

  #ask<T>(
    command: J11Command,
    answer: (frame: J11Frame) => T | undefined,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<T> {
    return this.inTurn(() => {
      const bytes = encodeCommand(command);
      const outgoing = { name: command.name, bytes, shown: () => shown(command, bytes) };
      return this.exchange(outgoing, answer, signal, timeoutMs);
    });
  }

  protected receive(chunk: Buffer): void {
    const nowMs = this.clock.monotonicMs();
    if (this.#reader.isPending && nowMs - this.#lastMs >= GAP_MS) this.#accept(this.#reader.giveUp());
    this.#lastMs = nowMs;
    this.#accept(this.#reader.push(chunk));
  }

  #accept(inputs: readonly FrameInput[]): void {
    for (const input of inputs) {
      if (input.kind === 'frame') this.#onFrame(input);
      else this.log.debug({ port: this.name, reason: input.reason }, 'damaged frame dropped');
    }
  }

  #onFrame(frame: J11Frame): void {
    if (this.log.isLevelEnabled('debug')) {
      this.log.debug({ port: this.name, received: `${hex(frame.code, 4)} ${hexOfBytes(frame.data)}` }, 'wire');
    }
    this.feed(frame);
    const status = responseTo('status', frame);
    if (status && status.result !== RESULT.busy) this.nudgeAnswered(false); // 6019 tells of that
    if (!isNotification(frame)) return;
    this.publish(parseNotification(frame));
  }
}

/** A module that could not read the command says so under codes of its own. */
function responseOf(command: J11Command, frame: J11Frame): J11Response | undefined {
  if (frame.code === BAD_HEADER) return { result: RESULT.headerSum, data: frame.data };
  if (frame.code === UNKNOWN_COMMAND) return { result: RESULT.invalidCommand, data: frame.data };
  return responseTo(command.name, frame);
}

/** What a log may show of a command. */
const shown = (command: J11Command, bytes: Uint8Array): string =>
  SECRET.has(command.name) ? `${command.name} …` : `${command.name} ${hexOfBytes(bytes.subarray(12))}`.trimEnd();

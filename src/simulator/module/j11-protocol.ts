import { linkLocalAddress, rssiDbmOfLqi } from '../../model/pan.ts';
import { COMMAND_CODES, parseCommand } from '../../j11/commands.ts';
import { FrameReader } from '../../j11/frame.ts';
import type { J11Frame, FrameInput } from '../../j11/frame.ts';
import { encodeNotification } from '../../j11/notifications.ts';
import type { J11Notification } from '../../j11/notifications.ts';
import { BAD_HEADER, encodeResponse, RESPONSE, UNKNOWN_COMMAND, RESULT } from '../../j11/responses.ts';
import { PANA_PORT } from '../../skstack/commands.ts';
import { EVENT_NUMBER } from '../../skstack/events.ts';
import type { RxUdp, SkEvent, SkLine } from '../../skstack/events.ts';
import { hex } from '../../kernel/bytes.ts';
import type { ModuleContext } from '../module-context.ts';
import { J11Handler } from './j11-handler.ts';
import type { AskedCommand, ModuleProtocol, SimModule } from './sim-module.ts';

type Notification = Exclude<J11Notification, { kind: 'noise' }>;

/** J11: binary frames. PANA and address resolution go on unseen. */
export class J11Protocol implements ModuleProtocol {
  readonly greeting = encodeNotification({ kind: 'started' });
  readonly #context: ModuleContext;
  readonly #module: SimModule;
  readonly #handler: J11Handler;
  #reader = new FrameReader('host');

  constructor(context: ModuleContext, module: SimModule) {
    this.#context = context;
    this.#module = module;
    this.#handler = new J11Handler(context, module);
  }

  push(bytes: Uint8Array): readonly AskedCommand[] {
    return this.#reader
      .push(bytes)
      .map((input) => (input.kind === 'frame' ? this.#asked(input) : this.#damaged(input)));
  }

  reset(): void {
    this.#reader = new FrameReader('host');
    this.#handler.reset();
  }

  format(line: SkLine): Uint8Array | undefined {
    const notification =
      line.kind === 'rxudp' ? this.#received(line) : line.kind === 'event' ? this.#changed(line) : undefined;
    return notification && encodeNotification(notification);
  }

  undecryptable(): Uint8Array {
    const from = linkLocalAddress(this.#context.place.macAddress);
    return encodeNotification({ kind: 'receiveFailure', reason: 0x01, from });
  }

  #received({ from, to, remotePort, localPort, secured, payload }: RxUdp): Notification | undefined {
    const { panId, lqi } = this.#context.place;
    if (localPort === PANA_PORT || !this.#handler.isOpen(localPort)) return undefined;
    return {
      kind: 'received',
      from,
      sourcePort: remotePort,
      destinationPort: localPort,
      panId,
      isMulticast: to.startsWith('FF02'),
      isEncrypted: secured,
      rssiDbm: rssiDbmOfLqi(lqi),
      payload,
    };
  }

  #changed({ number }: SkEvent): Notification | undefined {
    const { state, place } = this.#context;
    const { macAddress, lqi } = place;
    switch (number) {
      case EVENT_NUMBER.joined:
        return { kind: 'pana', outcome: 'ok', macAddress };
      case EVENT_NUMBER.joinFailed: {
        const isRefused = this.#handler.reachesMeter && !state.blocked;
        return { kind: 'pana', outcome: isRefused ? 'refused' : 'noAnswer', macAddress };
      }
      case EVENT_NUMBER.peerEnded:
      case EVENT_NUMBER.ended:
      case EVENT_NUMBER.endTimedOut:
      case EVENT_NUMBER.renewing:
        return { kind: 'connection', change: 'panaDown', macAddress, rssiDbm: rssiDbmOfLqi(lqi) };
    }
    return undefined;
  }

  #asked(frame: J11Frame): AskedCommand {
    const { code } = frame;
    const parsed = parseCommand(frame);
    const name = hex(code, 4);
    return {
      name,
      facts: { command: name },
      answer: (signal) => {
        if (parsed.kind === 'command') return this.#handler.handle(parsed.command, signal);
        if (parsed.kind === 'refused') return this.#refuse(code, parsed.result, signal);
        return this.#refuse(UNKNOWN_COMMAND - RESPONSE, RESULT.invalidCommand, signal);
      },
      fail: (failure = RESULT.notStarted, signal) => this.#refuse(code, failure, signal),
      // Only a reset may interrupt.
      refuseBusy: () =>
        code === COMMAND_CODES.reset ? this.#module.crash() : this.#module.respond(encodeResponse(code, RESULT.busy)),
    };
  }

  #damaged({ reason, code: asked = 0 }: Extract<FrameInput, { kind: 'damaged' }>): AskedCommand {
    const code = reason === 'header sum' ? BAD_HEADER - RESPONSE : asked;
    const usual = { 'header sum': RESULT.headerSum, 'data sum': RESULT.dataSum, length: RESULT.tooLong }[reason];
    return {
      name: undefined,
      facts: { refused: reason },
      answer: (signal) => this.#refuse(code, usual, signal),
      fail: (failure = usual, signal) => this.#refuse(code, failure, signal),
    };
  }

  async #refuse(code: number, failure: number, signal: AbortSignal): Promise<void> {
    await this.#context.tasks.spend('command', signal);
    this.#module.respond(encodeResponse(code, failure));
  }
}

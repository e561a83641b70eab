import { linkLocalAddress, rssiDbmOfLqi } from '../../model/pan.ts';
import { commandCodes, parseCommand } from '../../j11/commands.ts';
import { FrameReader } from '../../j11/frame.ts';
import type { J11Frame, FrameInput } from '../../j11/frame.ts';
import { encodeNotification } from '../../j11/notifications.ts';
import type { ConnectionChange, J11Notification } from '../../j11/notifications.ts';
import { BAD_HEADER, encodeResponse, RESPONSE, UNKNOWN_COMMAND, result } from '../../j11/responses.ts';
import { PANA_PORT } from '../../skstack/commands.ts';
import { eventNumber } from '../../skstack/events.ts';
import type { RxUdp, SkEvent, SkLine } from '../../skstack/events.ts';
import { hex } from '../../kernel/bytes.ts';
import type { ModuleContext } from '../module-context.ts';
import { J11Handler } from './j11-handler.ts';
import type { J11Parts } from './j11-handler.ts';
import type { AskedCommand, ModuleProtocol } from './module-protocol.ts';

type Said = Exclude<J11Notification, { kind: 'noise' }>;

/** J11: binary frames. PANA and address resolution go on unseen. */
export class J11Protocol implements ModuleProtocol {
  readonly greeting = encodeNotification({ kind: 'started' });
  readonly #context: ModuleContext;
  readonly #handler: J11Handler;
  readonly #respond: (bytes: Uint8Array) => void;
  #reader = new FrameReader('host');

  /** @param respond puts a response on the wire */
  constructor(context: ModuleContext, parts: J11Parts, respond: (bytes: Uint8Array) => void) {
    this.#context = context;
    this.#respond = respond;
    this.#handler = new J11Handler(context, parts, respond);
  }

  push(bytes: Uint8Array): readonly AskedCommand[] {
    return this.#reader.push(bytes).map((input) => this.#asked(input));
  }

  reset(): void {
    this.#reader = new FrameReader('host');
    this.#handler.reset();
  }

  format(line: SkLine): Uint8Array | undefined {
    const said = line.kind === 'rxudp' ? this.#datagram(line) : line.kind === 'event' ? this.#change(line) : undefined;
    return said && encodeNotification(said);
  }

  undecryptable(): Uint8Array {
    return encodeNotification({
      kind: 'receiveFailure',
      reason: 0x01,
      from: linkLocalAddress(this.#context.place.macAddress),
    });
  }

  #datagram({ from, to, remotePort, localPort, secured, payload }: RxUdp): Said | undefined {
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

  #change({ number }: SkEvent): Said | undefined {
    const { macAddress, lqi } = this.#context.place;
    const connection = (change: ConnectionChange): Said => ({
      kind: 'connection',
      change,
      macAddress,
      rssiDbm: rssiDbmOfLqi(lqi),
    });
    switch (number) {
      case eventNumber.joined:
        return { kind: 'pana', outcome: 'ok', macAddress };
      case eventNumber.joinFailed:
        return {
          kind: 'pana',
          outcome: this.#handler.hearsMeter && !this.#context.state.blocked ? 'refused' : 'noAnswer',
          macAddress,
        };
      case eventNumber.peerEnded:
      case eventNumber.ended:
      case eventNumber.endTimedOut:
      case eventNumber.renewing:
        return connection('panaDown');
    }
    return undefined;
  }

  #asked(input: FrameInput): AskedCommand {
    if (input.kind === 'frame') return this.#understood(input);
    const say = async (code: number, failure: number, signal: AbortSignal): Promise<void> => {
      const { tasks, timing } = this.#context;
      await tasks.wait(timing.command(), signal);
      this.#respond(encodeResponse(code, failure));
    };
    const isHeader = input.reason === 'header sum';
    const failure = { 'header sum': result.headerSum, 'data sum': result.dataSum, length: result.tooLong }[
      input.reason
    ];
    const code = isHeader ? BAD_HEADER - RESPONSE : (input.code ?? 0);
    return {
      name: undefined,
      told: { refused: input.reason },
      echo: () => undefined,
      answer: (signal) => say(code, failure, signal),
      fail: (other = failure, signal) => say(code, other, signal),
    };
  }

  #understood(frame: J11Frame): AskedCommand {
    const { tasks, timing } = this.#context;
    const parsed = parseCommand(frame);
    const name = hex(frame.code, 4);
    const respond = async (code: number, failure: number, signal: AbortSignal): Promise<void> => {
      await tasks.wait(timing.command(), signal);
      this.#respond(encodeResponse(code, failure));
    };
    const isReset = frame.code === commandCodes.reset;
    return {
      name,
      told: { command: name },
      echo: () => undefined,
      answer: (signal) => {
        if (parsed.kind === 'command') return this.#handler.handle(parsed.command, signal);
        if (parsed.kind === 'refused') return respond(frame.code, parsed.result, signal);
        return respond(UNKNOWN_COMMAND - RESPONSE, result.invalidCommand, signal);
      },
      fail: (code = result.notStarted, signal) => respond(frame.code, code, signal),
      refuseBusy: () => (isReset ? this.#handler.restart() : this.#respond(encodeResponse(frame.code, result.busy))), // only a reset may interrupt
    };
  }
}

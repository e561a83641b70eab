import { decodeFrame, encodeFrame, ESV } from '../../echonet/frame.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import type { SkCommand } from '../../skstack/commands.ts';
import { EVENT_NUMBER, UDP_SENT } from '../../skstack/events.ts';
import type { ModuleContext } from '../module-context.ts';
import { distort } from '../distortion.ts';
import type { RadioSession } from './radio-session.ts';

type SendTo = Extract<SkCommand, { name: 'SKSENDTO' }>;

const LATE_REPLY_S = 20;
const SLOW_SEND_S = 12;

/** `blocked`: the airtime is used up. `resolving`: sent, once the link address is found out. */
export type Fate = 'delivered' | 'resolving' | 'failed' | 'blocked';

/** SKSENDTO and what comes of it: EVENT 21, OK, and the meter's answer. */
export class DatagramExchange {
  readonly #context: ModuleContext;
  readonly #session: RadioSession;
  /** What sends: the `on` of a script's faults. */
  readonly #command: string;
  /** INFC of the meter still without an answer, by TID. */
  readonly unanswered = new Set<number>();

  constructor(context: ModuleContext, session: RadioSession) {
    this.#context = context;
    this.#session = session;
    this.#command = context.options.edition === 'J11' ? '0008' : 'SKSENDTO';
  }

  /** Ends once the module has answered OK or FAIL. */
  async send(command: SendTo, signal: AbortSignal): Promise<void> {
    const { emit, emitEvent, emitText, tasks, options } = this.#context;
    const session = this.#session;
    emitText(''); // every edition prints an empty line here, echo or not
    const handles = options.dialect === 'DSE' ? 3 : 2;
    if (session.phase === 'none' || command.handle < 1 || command.handle > handles) {
      await tasks.spend('command', signal);
      return emit({ kind: 'fail', code: 10 });
    }
    await this.handOver(signal);
    const fate = this.launch(command.address, command.data.length);
    emitEvent(EVENT_NUMBER.udpSent, command.address, UDP_SENT[fate === 'blocked' ? 'failed' : fate]);
    emit({ kind: 'ok' });
    if (fate === 'failed' || fate === 'blocked') return;
    tasks.start(async (inner) => {
      if (fate === 'resolving') {
        await tasks.spend('resolve', inner);
        emitEvent(EVENT_NUMBER.neighborAdvertised, command.address);
        emitEvent(EVENT_NUMBER.udpSent, command.address, UDP_SENT.delivered);
      }
      await this.deliver(command, inner);
    });
  }

  /** Until the radio has it. */
  async handOver(signal: AbortSignal): Promise<void> {
    const { faults, tasks } = this.#context;
    const slow = faults.consume('slow-send', this.#command);
    await tasks.wait(tasks.duration('send') + (slow ? (slow.after_s ?? SLOW_SEND_S) * 1000 : 0), signal);
  }

  /** What becomes of a datagram that the module hands to the radio now. */
  launch(address: string, bytes: number): Fate {
    const { faults, state } = this.#context;
    const session = this.#session;
    const isReceived = session.phase === 'up' && session.reachesMeter && address === session.peerAddress;
    if (state.blocked) return 'blocked'; // nothing leaves the radio, so nothing is missing its acknowledgement
    if (faults.consume('event-21-01') || !isReceived) return 'failed';
    state.addDatagram(bytes);
    const resolving = session.unresolved || faults.consume('event-21-02') !== undefined;
    session.unresolved = false;
    return resolving ? 'resolving' : 'delivered';
  }

  /** The meter announces its half hour unasked, if a session stands. */
  announceHalfHour(tid: number): void {
    const { meter, meterNow } = this.#context;
    if (this.#session.phase !== 'up' || this.#session.silent || !this.#session.reachesMeter) return;
    const frame = meter.halfHour(meterNow(), tid);
    if (frame.esv === ESV.infc) this.unanswered.add(frame.tid);
    this.#session.receive(encodeFrame(frame));
  }

  /** The meter gets it, and answers. */
  async deliver(
    { data, port, security }: Pick<SendTo, 'data' | 'port' | 'security'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { meter, faults, tasks, meterNow } = this.#context;
    if (port !== ECHONET_PORT || security === 0 || this.#session.silent) return;
    const request = decodeFrame(data);
    if (!request.ok) return; // the meter ignores what it cannot read
    if (request.value.esv === ESV.infcRes) this.unanswered.delete(request.value.tid);
    const answer = meter.answer(request.value, meterNow());
    if (!answer) return;
    const lost = faults.consume('lost-reply', this.#command);
    const late = faults.consume('late-reply', this.#command);
    await tasks.wait(Math.max(1, request.value.properties.length) * tasks.duration('reply'), signal);
    if (late) await tasks.wait((late.after_s ?? LATE_REPLY_S) * 1000, signal);
    if (lost || this.#session.phase !== 'up' || this.#session.silent) return;
    const { frame, bytes, isTrue } = distort(answer, (name, fits) => faults.consume(name, this.#command, fits));
    this.#session.receive(bytes);
    if (isTrue) this.#context.answered(frame);
  }
}

import { decodeFrame, encodeFrame, esv } from '../../echonet/frame.ts';
import type { Frame } from '../../echonet/frame.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import type { SkCommand } from '../../skstack/commands.ts';
import { eventNumber, udpSent } from '../../skstack/events.ts';
import type { ModuleContext } from '../module-context.ts';
import { event } from '../module-context.ts';
import { distort } from '../distortion.ts';
import type { RadioSession } from './radio-session.ts';
import { airtimeMs } from './radio-timing.ts';

type SendTo = Extract<SkCommand, { name: 'SKSENDTO' }>;

const LATE_REPLY_S = 20;
const SLOW_SEND_S = 12;

/** `blocked`: the airtime is used up. `resolving`: sent, once the link address is found out. */
export type Fate = 'delivered' | 'resolving' | 'failed' | 'blocked';
const words: Readonly<Record<Fate, number>> = {
  delivered: udpSent.delivered,
  resolving: udpSent.resolving,
  failed: udpSent.failed,
  blocked: udpSent.failed,
};

/** SKSENDTO and what comes of it: EVENT 21, OK, and the meter's answer. */
export class DatagramExchange {
  readonly #context: ModuleContext;
  readonly #session: RadioSession;
  readonly #command: string;
  /** INFC of the meter still without an answer, by TID. */
  readonly unanswered = new Set<number>();

  /** @param command what sends: the `on` of a script's faults */
  constructor(context: ModuleContext, session: RadioSession, command: string) {
    this.#command = command;
    this.#context = context;
    this.#session = session;
  }

  /** Ends once the module has said OK or FAIL. */
  async send(command: SendTo, signal: AbortSignal): Promise<void> {
    const { say, sayText, tasks, timing, options } = this.#context;
    const session = this.#session;
    sayText(''); // every edition says an empty line here, echo or not
    const handles = options.dialect === 'DSE' ? 3 : 2;
    if (session.phase === 'none' || command.handle < 1 || command.handle > handles) {
      await tasks.wait(timing.command(), signal);
      return say({ kind: 'fail', code: 10 });
    }
    await this.handOver(signal);
    const fate = this.launch(command.address, command.data.length);
    say(event(eventNumber.udpSent, command.address, words[fate]));
    say({ kind: 'ok' });
    if (fate === 'failed' || fate === 'blocked') return;
    tasks.start(async (inner) => {
      if (fate === 'resolving') {
        await tasks.wait(timing.resolve(), inner);
        say(event(eventNumber.neighborAdvertised, command.address));
        say(event(eventNumber.udpSent, command.address, udpSent.delivered));
      }
      await this.deliver(command, inner);
    });
  }

  /** Until the radio has it. */
  async handOver(signal: AbortSignal): Promise<void> {
    const { faults, tasks, timing } = this.#context;
    const slow = faults.take('slow-send', this.#command);
    await tasks.wait(timing.send() + (slow ? (slow.after_s ?? SLOW_SEND_S) * 1000 : 0), signal);
  }

  /** What becomes of a datagram that the module hands to the radio now. */
  launch(address: string, bytes: number): Fate {
    const { faults, state } = this.#context;
    const session = this.#session;
    const isHeard = session.phase === 'up' && session.hears && address === session.peerAddress;
    if (state.blocked) return 'blocked'; // nothing leaves the radio, so nothing is missing its acknowledgement
    if (faults.take('event-21-01') || !isHeard) return 'failed';
    state.addAirtime(airtimeMs(bytes));
    const resolving = session.unresolved || faults.take('event-21-02') !== undefined;
    session.unresolved = false;
    return resolving ? 'resolving' : 'delivered';
  }

  /** Announces something unasked, if a session stands. @returns whether it went out. */
  announce(frame: Frame): boolean {
    if (this.#session.phase !== 'up' || this.#session.silent || !this.#session.hears) return false;
    if (frame.esv === esv.infc) this.unanswered.add(frame.tid);
    this.#session.receive(encodeFrame(frame));
    return true;
  }

  /** The meter gets it, and answers. */
  async deliver(
    { data, port, security }: Pick<SendTo, 'data' | 'port' | 'security'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { meter, faults, tasks, timing, meterNow } = this.#context;
    if (port !== ECHONET_PORT || security === 0 || this.#session.silent) return;
    const request = decodeFrame(data);
    if (!request.ok) return; // the meter ignores what it cannot read
    if (request.value.esv === esv.infcRes) this.unanswered.delete(request.value.tid);
    const answer = meter.answer(request.value, meterNow());
    if (!answer) return;
    const lost = faults.take('lost-reply', this.#command);
    const late = faults.take('late-reply', this.#command);
    await tasks.wait(timing.reply(request.value.properties.length), signal);
    if (late) await tasks.wait((late.after_s ?? LATE_REPLY_S) * 1000, signal);
    if (lost || this.#session.phase !== 'up' || this.#session.silent) return;
    this.#reply(answer);
  }

  #reply(answer: Frame): void {
    const { frame, bytes, isTrue } = distort(answer, (name, fits) =>
      this.#context.faults.take(name, this.#command, fits),
    );
    this.#session.receive(bytes);
    if (isTrue) this.#context.answered(frame);
  }
}

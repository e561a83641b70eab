import { encodeFrame } from '../../echonet/frame.ts';
import { linkLocalAddress } from '../../model/pan.ts';
import { ECHONET_PORT, PANA_PORT } from '../../skstack/commands.ts';
import { EVENT_NUMBER, UDP_SENT } from '../../skstack/events.ts';
import { instanceListNotification, panaDatagrams } from '../meter/sim-meter.ts';
import type { ModuleContext } from '../module-context.ts';
import type { Task } from '../module/tasks.ts';

/** EVENT 25 to the meter's instance list. */
const INSTANCE_LIST_MS = 3000;
/** PANA gives up on a silent meter after its retries, then EVENT 24. */
const JOIN_GIVE_UP_MS = 38_000;
/** The pauses between those retries. */
const JOIN_RETRIES_MS = [2000, 4000, 8000, 8000, 8000, 8000];
/** SKTERM gives up on a silent meter, then EVENT 28. */
const TERMINATE_GIVE_UP_MS = 10_000;
/** The module renews its session when this much of the lifetime is gone. */
const RENEW_AT = 0.8;
const ALL_NODES = 'FF02:0000:0000:0000:0000:0000:0000:0001';

/** The meter as it was when the session was made; it may have moved since. */
interface Peer {
  readonly address: string;
  readonly channel: number;
  readonly panId: number;
}

export type SessionPhase = 'none' | 'joining' | 'up' | 'expired';

/** The PANA session between module and meter: join, renewal, end. Lives as long as the module has power and is not reset. */
export class RadioSession {
  readonly #context: ModuleContext;
  #phase: SessionPhase = 'none';
  #peer: Peer | undefined;
  #task: Task | undefined;
  #lifetime: Task | undefined;
  /** The meter forgot us without a sign: it acknowledges and never answers. */
  silent = false;
  /** The meter keeps its side of a session, and accepts no other before that one is ended in order. */
  clings = false;
  /** The meter's link address is not resolved yet: EVENT 21 comes with 02 first. */
  unresolved = false;

  constructor(context: ModuleContext) {
    this.#context = context;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  get peerAddress(): string | undefined {
    return this.#peer?.address;
  }

  /** Whether the meter is still where this session knows it. */
  get reachesMeter(): boolean {
    return this.#peer !== undefined && this.#isMeter(this.#peer);
  }

  /** Session and everything about it gone without an EVENT: reset, power-off, or the session-lost fault. */
  forget(): void {
    this.#task?.stop();
    this.#lifetime?.stop();
    this.#task = this.#lifetime = this.#peer = undefined;
    this.#phase = 'none';
    this.silent = this.unresolved = false;
  }

  join(address: string): void {
    this.forget();
    const { state, faults, tasks } = this.#context;
    this.#peer = { address, channel: state.channel, panId: state.panId };
    this.#phase = 'joining';
    if (faults.consume('join-silent')) return;
    const refused = faults.consume('join-refused') !== undefined;
    this.#task = tasks.start((signal) => this.#authenticate(refused, signal));
  }

  /** SKREJOIN. @returns false without a session. */
  rejoin(): boolean {
    const peer = this.#peer;
    if (!peer || this.#phase === 'joining' || this.#phase === 'none') return false;
    this.join(peer.address);
    return true;
  }

  /** The meter is told that the session is over. */
  release(): void {
    if (this.reachesMeter) this.clings = false;
    this.forget();
  }

  /** SKTERM. @returns false without a session. */
  terminate(): boolean {
    const { peerAddress, reachesMeter } = this;
    if (this.#phase === 'none' || peerAddress === undefined) return false;
    const confirmed = reachesMeter && !this.#context.state.blocked && (!this.silent || this.clings);
    if (confirmed) this.release();
    else this.forget();
    const { tasks, emitEvent } = this.#context;
    const ms = confirmed ? tasks.duration('terminate') : TERMINATE_GIVE_UP_MS;
    tasks.after(ms, () => emitEvent(confirmed ? EVENT_NUMBER.ended : EVENT_NUMBER.endTimedOut, peerAddress));
    return true;
  }

  /** The session ends with this EVENT, unasked. */
  end(number: number): void {
    const address = this.peerAddress ?? linkLocalAddress(this.#context.place.macAddress);
    this.forget();
    this.#context.emitEvent(number, address);
  }

  /** EVENT 29: nothing can be sent until the module has authenticated again, if it does. */
  expire(renewAfterMs: number | undefined): void {
    const peer = this.#peer;
    if (!peer || this.#phase !== 'up') return;
    this.#lifetime?.stop();
    this.#phase = 'expired';
    this.#context.emitEvent(EVENT_NUMBER.renewing, peer.address);
    if (renewAfterMs === undefined) return;
    this.#task = this.#context.tasks.start(async (signal) => {
      await this.#context.tasks.wait(renewAfterMs, signal);
      await this.#authenticate(false, signal);
    });
  }

  /** The session authenticated anew while it stands: PANA lines, then EVENT 25. */
  renew(): void {
    if (this.#phase !== 'up') return;
    this.#task?.stop();
    this.#task = this.#context.tasks.start((signal) => this.#authenticate(false, signal));
  }

  /** A datagram of the meter, to the host. */
  receive(payload: Uint8Array, to = this.#context.ownAddress, port = ECHONET_PORT): void {
    const { emit, place, state } = this.#context;
    emit({
      kind: 'rxudp',
      from: this.peerAddress ?? linkLocalAddress(place.macAddress),
      to,
      remotePort: port,
      localPort: port,
      macAddress: place.macAddress,
      ...(state.isOn('SA2') ? { lqi: place.lqi } : {}),
      secured: port !== PANA_PORT,
      payload,
    });
  }

  #isMeter({ address, channel, panId }: Peer): boolean {
    const { place } = this.#context;
    return address === linkLocalAddress(place.macAddress) && channel === place.channel && panId === place.panId;
  }

  async #authenticate(refused: boolean, signal: AbortSignal): Promise<void> {
    const { tasks, emitEvent, state, random, options } = this.#context;
    const peer = this.#peer;
    if (!peer) return;
    const renewal = this.#phase === 'up';
    await tasks.spend('send', signal);
    if (!(await this.#canSend(peer, signal))) return this.end(EVENT_NUMBER.joinFailed);
    if (!renewal) emitEvent(EVENT_NUMBER.udpSent, peer.address, UDP_SENT.resolving);
    if (!this.#isMeter(peer) || this.clings) {
      await tasks.wait(JOIN_GIVE_UP_MS, signal);
      if (!renewal) this.end(EVENT_NUMBER.joinFailed);
      return;
    }
    await tasks.spend('send', signal);
    if (!renewal) emitEvent(EVENT_NUMBER.neighborAdvertised, peer.address);
    const datagrams = panaDatagrams(random.bytes(40), state.id, options.sessionLifetimeS);
    const accepted = !refused && this.#credentialsFit();
    for (const payload of accepted ? datagrams : datagrams.slice(0, 3)) {
      await tasks.spend('joinStep', signal);
      this.receive(payload, undefined, PANA_PORT);
      state.addDatagram(payload.length);
      emitEvent(EVENT_NUMBER.udpSent, peer.address, UDP_SENT.delivered);
    }
    await tasks.spend('command', signal);
    if (accepted) this.#established(peer);
    else this.end(EVENT_NUMBER.joinFailed);
  }

  /** With the airtime used up each try fails, until there is some again or PANA gives up. */
  async #canSend(peer: Peer, signal: AbortSignal): Promise<boolean> {
    const { tasks, emitEvent, state } = this.#context;
    for (const ms of JOIN_RETRIES_MS) {
      if (!state.blocked) return true;
      emitEvent(EVENT_NUMBER.udpSent, peer.address, UDP_SENT.failed);
      await tasks.wait(ms, signal);
    }
    return !state.blocked;
  }

  #credentialsFit(): boolean {
    const { state, options } = this.#context;
    if (state.id === undefined || state.password === undefined) return false;
    return (
      (options.routeBId === undefined || options.routeBId === state.id) &&
      (options.password === undefined || options.password === state.password)
    );
  }

  #established(peer: Peer): void {
    const { tasks, emitEvent, random } = this.#context;
    const first = this.#phase !== 'up';
    this.#phase = 'up';
    this.silent = false;
    this.unresolved = first;
    emitEvent(EVENT_NUMBER.joined, peer.address);
    this.#lifetime?.stop();
    this.#lifetime = tasks.start((signal) => this.#grow(signal));
    if (!first) return;
    const list = encodeFrame(instanceListNotification(Math.floor(random.between(0, 0x10000))));
    this.#task = tasks.after(INSTANCE_LIST_MS, () => this.receive(list, ALL_NODES));
  }

  /** Renews at 80 % of the lifetime, which SKSTACK announces by EVENT 29; what is not renewed by its end has run out. */
  async #grow(signal: AbortSignal): Promise<void> {
    const { tasks, state, options } = this.#context;
    const lifetimeMs = options.sessionLifetimeS * 1000;
    await tasks.wait(lifetimeMs * RENEW_AT, signal);
    if (state.isOn('S17') && !this.silent) {
      if (options.edition === 'J11') this.renew();
      else this.expire(0);
    }
    await tasks.wait(lifetimeMs * (1 - RENEW_AT), signal);
    this.expire(undefined);
  }
}

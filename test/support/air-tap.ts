import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { FrameReader } from '../../src/j11/frame.ts';
import { parseNotification } from '../../src/j11/notifications.ts';
import { responseTo } from '../../src/j11/commands.ts';
import { decodeSendResult, SEND_RESULT } from '../../src/j11/responses.ts';
import type { BridgeError } from '../../src/kernel/errors.ts';
import type { Wire } from '../../src/wire/wire.ts';
import type { Simulator } from '../../src/simulator/sim.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { simulatorWire } from './wires.ts';

/** ERXUDP up to its payload; the number is DATALEN. */
const RXUDP = /ERXUDP (?:[0-9A-F:]{39} ){2}(?:0E1A 0E1A) [0-9A-F]{16} (?:[0-9A-F]{1,2} ){1,3}([0-9A-F]{4}) /;
const LONGEST_HEADER = 160;
/** Commands that go on the air although no session stands. */
const SEARCHES = /SK(?:JOIN|SCAN) /;
const J11_COMMAND = Buffer.from([0xd0, 0xea, 0x83, 0xfc]);
const J11_SEARCHES = new Set([0x0051, 0x0053, 0x0056]);

/** What stands between module and host: sees every datagram, and damages what it is told to. */
export class AirTap {
  /** Wires open at this moment: never more than one holder. */
  open = 0;
  mostOpen = 0;
  opens = 0;
  /** Scans and joins the host asked for. */
  searches = 0;
  /** A J11 module said so to a send on this port: nothing else tells of the airtime's end there, and nothing can be asked. */
  refusedForAirtime = false;
  /** Thrown instead of opening. */
  refuse: () => BridgeError | undefined = () => undefined;
  /** How bytes to the host are cut into reads. */
  pieces: ((bytes: Buffer) => Buffer[]) | undefined;
  /** Replaces an ECHONET Lite payload by any number of them; not where J11 is spoken. */
  rewrite: ((payload: Buffer) => Buffer[]) | undefined;
  /** Bytes from the host; undefined swallows them. */
  toModule: (bytes: Buffer) => Buffer | undefined = (bytes) => bytes;
  /** Every ECHONET Lite payload the module said, before it is rewritten. */
  onDatagram: (payload: Buffer) => void = () => undefined;
  readonly #clock: VirtualClock;
  readonly #simulator: Simulator;
  readonly #isAscii: boolean;
  readonly #isJ11: boolean;
  #frames = new FrameReader('module');
  #rest: Buffer = Buffer.alloc(0);
  #overheard: Buffer = Buffer.alloc(0);
  #host: Duplex | undefined;

  constructor(clock: VirtualClock, simulator: Simulator, payload: 'ascii' | 'binary' | 'j11') {
    this.#clock = clock;
    this.#simulator = simulator;
    this.#isAscii = payload === 'ascii';
    this.#isJ11 = payload === 'j11';
  }

  wire(): Wire {
    const wire = simulatorWire(this.#clock, this.#simulator, () => this.#connect());
    return {
      ...wire,
      name: '/dev/tap',
      open: async (signal) => {
        signal.throwIfAborted();
        const refusal = this.refuse();
        if (refusal) throw refusal;
        return await wire.open(signal);
      },
    };
  }

  /** Bytes nobody said. */
  inject(bytes: Buffer): void {
    this.#toHost(bytes);
  }

  #connect(): Duplex {
    const module = this.#simulator.connect();
    const [ours, theirs] = duplexPair();
    this.#rest = Buffer.alloc(0);
    this.#overheard = Buffer.alloc(0);
    this.#frames = new FrameReader('module');
    this.#host = theirs;
    this.refusedForAirtime = false;
    this.opens++;
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    theirs.on('error', () => undefined);
    module.on('error', () => undefined);
    module.on('data', (chunk: Buffer) => this.#heard(chunk));
    module.once('close', () => ours.destroy());
    theirs.on('data', (chunk: Buffer) => {
      const bytes = this.toModule(chunk);
      if (bytes && this.#isSearch(bytes)) this.searches++;
      if (bytes && !module.destroyed) module.write(bytes);
    });
    ours.once('close', () => {
      this.open--;
      module.destroy();
      theirs.destroy();
    });
    return ours;
  }

  #isSearch(bytes: Buffer): boolean {
    if (!this.#isJ11) return SEARCHES.test(bytes.toString('latin1'));
    return bytes.indexOf(J11_COMMAND) === 0 && J11_SEARCHES.has(bytes.readUInt16BE(J11_COMMAND.length));
  }

  /** Listens beside the line, however it is cut into reads. */
  #overhear(chunk: Buffer): void {
    if (this.#isJ11) return this.#overhearFrames(chunk);
    this.#overheard = Buffer.concat([this.#overheard, chunk]);
    for (;;) {
      const at = this.#overheard.indexOf('ERXUDP ');
      const header = at === -1 ? undefined : RXUDP.exec(this.#overheard.toString('latin1', at, at + LONGEST_HEADER));
      const isWhole = this.#overheard.length >= at + LONGEST_HEADER;
      if (at === -1 || (header?.index !== 0 && isWhole)) {
        this.#overheard = this.#overheard.subarray(at === -1 ? Math.max(0, this.#overheard.length - 6) : at + 7);
        if (at === -1) return;
        continue;
      }
      if (header?.index !== 0) return;
      const [head, length = ''] = header;
      const from = at + head.length;
      const to = from + Number.parseInt(length, 16) * (this.#isAscii ? 2 : 1);
      if (this.#overheard.length < to) return;
      this.onDatagram(this.#payloadOf(this.#overheard.subarray(from, to)));
      this.#overheard = this.#overheard.subarray(to);
    }
  }

  #overhearFrames(chunk: Buffer): void {
    for (const input of this.#frames.push(chunk)) {
      if (input.kind !== 'frame') continue;
      const answer = responseTo('send', input);
      this.refusedForAirtime ||= answer !== undefined && decodeSendResult(answer.data) === SEND_RESULT.airtime;
      const said = parseNotification(input);
      if (said?.kind === 'received') this.onDatagram(Buffer.from(said.payload));
    }
  }

  #payloadOf(data: Buffer): Buffer {
    return this.#isAscii ? Buffer.from(data.toString('latin1'), 'hex') : Buffer.from(data);
  }

  #heard(chunk: Buffer): void {
    this.#overhear(chunk);
    if (!this.rewrite) return this.#toHost(chunk);
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = Buffer.alloc(0);
    for (;;) {
      const at = bytes.indexOf('ERXUDP ');
      if (at === -1) break;
      const header = RXUDP.exec(bytes.toString('latin1', at, at + LONGEST_HEADER));
      if (header?.index !== 0) break; // another port, or nothing we know
      const [head, length = ''] = header;
      const from = at + head.length;
      const to = from + Number.parseInt(length, 16) * (this.#isAscii ? 2 : 1);
      if (bytes.length < to + 2) {
        this.#rest = bytes;
        return;
      }
      this.#toHost(bytes.subarray(0, at));
      this.#datagram(head, bytes.subarray(from, to), bytes.subarray(at, to + 2));
      bytes = bytes.subarray(to + 2);
    }
    this.#toHost(bytes);
  }

  #datagram(head: string, data: Buffer, line: Buffer): void {
    if (!this.rewrite) return this.#toHost(line);
    for (const other of this.rewrite(this.#payloadOf(data))) {
      const start = `${head.slice(0, -5)}${other.length.toString(16).toUpperCase().padStart(4, '0')} `;
      const body = this.#isAscii ? Buffer.from(other.toString('hex').toUpperCase(), 'latin1') : other;
      this.#toHost(Buffer.concat([Buffer.from(start, 'latin1'), body, Buffer.from('\r\n')]));
    }
  }

  #toHost(bytes: Buffer): void {
    if (bytes.length === 0 || !this.#host || this.#host.destroyed) return;
    for (const piece of this.pieces?.(bytes) ?? [bytes]) this.#host.write(piece);
  }
}

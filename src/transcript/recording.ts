import { latin1OfBytes, bytesOfLatin1 } from '../kernel/bytes.ts';
import { redacted } from './redaction.ts';
import type { Secrets } from './redaction.ts';
import { FORMAT, FORMAT_VERSION, formatTranscript } from './transcript.ts';
import type { Side } from './transcript.ts';
import { WireUnits } from './wire-units.ts';
import type { WireUnit } from './wire-units.ts';

/** A day of one reading every ten seconds has some 6 MB. */
const MOST_BYTES = 32_000_000;

/** How every frame of a J11 module begins. */
const J11_ANSWER = '\xd0\xf9\xee\x5d';

/** What passes over a wire, until it is written down. It stays in memory: what is not redacted yet is never on a disk. */
export class Recording {
  readonly #streams: Readonly<Record<Side, WireUnits>> = {
    host: new WireUnits('host'),
    module: new WireUnits('module'),
  };
  readonly #units: WireUnit[] = [];
  readonly #now: () => number;
  readonly #startMs: number;
  #bytes = 0;

  /** @param now monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startMs = now();
  }

  /** Bytes of both directions. */
  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= MOST_BYTES;
  }

  /** The stick spoke J11, whose frames nothing here knows to make anonymous: such a recording must not be written. */
  get hasJ11(): boolean {
    return this.#units.some(({ from, text }) => from === 'module' && text.includes(J11_ANSWER));
  }

  hear(from: Side, bytes: Uint8Array): void {
    if (this.isFull) return;
    this.#bytes += bytes.length;
    const other = from === 'host' ? 'module' : 'host';
    this.#units.push(
      ...this.#streams[other].settle(),
      ...this.#streams[from].push(latin1OfBytes(bytes), this.#now() - this.#startMs),
    );
  }

  /** The wire closed: nothing is joined with what another one brings. */
  closed(): void {
    this.#units.push(...this.#streams.host.flush(), ...this.#streams.module.flush());
  }

  /** The file. @param about further lines of its header: key and value, without anything that is secret. */
  text(secrets: Secrets, about: readonly (readonly [string, string])[]): string {
    this.closed();
    const header = [['format', `${FORMAT} ${FORMAT_VERSION}`] as const, ...about, ...masking];
    const lines = redacted(this.#units, secrets).map(({ text, ...unit }) => ({ ...unit, bytes: bytesOfLatin1(text) }));
    return formatTranscript(header, lines);
  }
}

const masking = [
  [
    'masking',
    'Route-B ID, password, Pairing ID, MAC and IP addresses, PAN IDs, serial and identification numbers are pseudonyms',
  ],
  ['masking', 'datagrams other than ECHONET Lite (PANA) are filled with zeros behind their first 8 bytes'],
] as const;

import { MAX_DATA_LENGTH, parseCommand } from './commands.ts';
import type { SkCommand, Edition, HostCommand, RefusalCode } from './commands.ts';

/** What a host wrote. `text` is the line without its end, for SKSENDTO with the blank before the data: what an echo repeats. */
export type HostInput =
  | { readonly kind: 'command'; readonly command: HostCommand; readonly text: string }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly text: string };

const CR = 0x0d;
const LF = 0x0a;

/** The longest command line, an SKSENDTO header, has some 80 characters; a module's input buffer is not much longer. */
const MAX_COMMAND_LENGTH = 512;

/** SKSENDTO up to the blank before the data, per edition: every field has its exact width (BP35A1 reference 3.12). */
const SEND_HEADER: Readonly<Record<Edition, RegExp>> = {
  SE: /^SKSENDTO ([0-9A-F]) ([0-9A-F]{4}(?::[0-9A-F]{4}){7}) ([0-9A-F]{4}) ([0-2]) ([0-9A-F]{4}) /i,
  DSE: /^SKSENDTO ([0-9A-F]) ([0-9A-F]{4}(?::[0-9A-F]{4}){7}) ([0-9A-F]{4}) ([0-2]) [01] ([0-9A-F]{4}) /i,
};

interface Sending {
  readonly text: string;
  readonly header: Omit<Extract<SkCommand, { name: 'SKSENDTO' }>, 'data'>;
  readonly data: Uint8Array;
  filled: number;
}

/**
 * Reads what a host writes, in pieces of any size. CR, CRLF and LF end a line, empty lines are nothing. SKSENDTO leaves
 * the line mode until it has counted its data: with too few it waits for ever, what is too much begins the next command.
 */
export class CommandReader {
  readonly #edition: Edition;
  #line = '';
  #overlong = false;
  #sending: Sending | undefined;

  constructor(edition: Edition) {
    this.#edition = edition;
  }

  /** True while SKSENDTO's data are being counted. */
  get counting(): boolean {
    return this.#sending !== undefined;
  }

  /** Forgets half a line or datagram: the module lost power. */
  reset(): void {
    this.#line = '';
    this.#overlong = false;
    this.#sending = undefined;
  }

  push(bytes: Uint8Array): HostInput[] {
    const inputs: HostInput[] = [];
    for (const byte of bytes) {
      const input = this.#sending ? this.#count(this.#sending, byte) : this.#type(byte);
      if (input) inputs.push(input);
    }
    return inputs;
  }

  #count(sending: Sending, byte: number): HostInput | undefined {
    sending.data[sending.filled++] = byte;
    if (sending.filled < sending.data.length) return undefined;
    this.#sending = undefined;
    return { kind: 'command', command: { ...sending.header, data: sending.data }, text: sending.text };
  }

  #type(byte: number): HostInput | undefined {
    if (byte === CR || byte === LF) return this.#endLine();
    if (this.#line.length >= MAX_COMMAND_LENGTH) this.#overlong = true;
    else this.#line += String.fromCharCode(byte);
    this.#sending = this.#beginData(this.#line);
    if (this.#sending) this.#line = '';
    return undefined;
  }

  #endLine(): HostInput | undefined {
    const text = this.#line;
    const overlong = this.#overlong;
    this.#line = '';
    this.#overlong = false;
    if (text === '') return undefined;
    if (overlong) return { kind: 'refused', code: 9, text };
    const parsed = parseCommand(text, this.#edition);
    return typeof parsed === 'number'
      ? { kind: 'refused', code: parsed, text }
      : { kind: 'command', command: parsed, text };
  }

  #beginData(text: string): Sending | undefined {
    const found = SEND_HEADER[this.#edition].exec(text);
    if (!found) return undefined;
    const [handle, address, port, security, length] = found.slice(1) as [string, string, string, string, string];
    const count = Number.parseInt(length, 16);
    if (count < 1 || count > MAX_DATA_LENGTH) return undefined; // refused as a line, ER06, once it ends
    return {
      text,
      header: {
        name: 'SKSENDTO',
        handle: Number.parseInt(handle, 16),
        address: address.toUpperCase(),
        port: Number.parseInt(port, 16),
        security: Number(security),
      },
      data: new Uint8Array(count),
      filled: 0,
    };
  }
}

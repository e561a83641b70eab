import { pairingIdOf } from '../../model/pan.ts';
import { hex } from '../../kernel/bytes.ts';
import type { Edition } from '../../skstack/commands.ts';
import type { ResolvedOptions } from '../options.ts';

interface Register {
  /** Hex digits as ESREG prints them; undefined for the 8-character Pairing ID. */
  readonly digits: number | undefined;
  readonly initial: number | string;
  readonly from?: number;
  readonly to?: number;
  readonly readOnly?: boolean;
  readonly only?: Edition;
}

/** The virtual registers of BP35A1 command reference 3.1, by their name without leading zeros. */
const REGISTERS: Readonly<Record<string, Register>> = {
  S2: { digits: 2, initial: 0x21, from: 0x21, to: 0x3c },
  S3: { digits: 4, initial: 0xffff },
  S7: { digits: 8, initial: 0, readOnly: true },
  SA: { digits: undefined, initial: 'CCDDEEFF' },
  S15: { digits: 1, initial: 0, to: 1 },
  S16: { digits: 8, initial: 0x15180, from: 0x3c },
  S17: { digits: 1, initial: 1, to: 1 },
  SA0: { digits: 1, initial: 0, to: 1, only: 'SE' },
  SA1: { digits: 1, initial: 1, to: 1 },
  // In no SE manual, yet momonga sets it on every module, BP35A1 too: accepted there, without effect.
  SA2: { digits: 1, initial: 0, to: 1 },
  SA9: { digits: 1, initial: 1, to: 1, only: 'DSE' },
  SF0: { digits: 1, initial: 0, to: 1, only: 'DSE' },
  SFB: { digits: 1, initial: 0, readOnly: true },
  SFD: { digits: 16, initial: 0, to: 0 },
  SFE: { digits: 1, initial: 1, to: 1 },
  SFF: { digits: 1, initial: 0, to: 1 },
};

/** `S02` and `S2` name the same register. */
const keyOf = (name: string): string => name.toUpperCase().replace(/^S0+(?=.)/, 'S');

/** What a module remembers until SKRESET or power-off; the print mode alone is in flash. */
export class ModuleState {
  readonly #options: ResolvedOptions;
  #values: Map<string, number | string>;
  #id: string | undefined;
  password: string | undefined;
  /** How ERXUDP data are printed: as hex digits, not as they are. */
  ascii: boolean;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.ascii = options.payload === 'ascii';
    this.#values = this.#initial();
  }

  #initial(): Map<string, number | string> {
    const values = new Map(Object.entries(REGISTERS).map(([key, { initial }]) => [key, initial]));
    values.set('SFE', this.#options.echo ? 1 : 0);
    if (this.#options.dialect === 'SE') values.set('S16', 0x384);
    return values;
  }

  /** SKRESET, power-on: everything as at first, echo too. Only the airtime limit goes on: whether a reset lifts it is unknown. */
  reset(): void {
    const { blocked } = this;
    this.#values = this.#initial();
    this.password = this.#id = undefined;
    this.blocked = blocked;
  }

  /** SFE: commands are repeated. SA2: ERXUDP shows the LQI. S17: sessions are renewed. SFB: the airtime is used up. */
  isOn(register: 'SFE' | 'SA2' | 'S17' | 'SFB'): boolean {
    return this.#values.get(register) === 1;
  }
  get channel(): number {
    return Number(this.#values.get('S2'));
  }
  get panId(): number {
    return Number(this.#values.get('S3'));
  }
  get pairId(): string {
    return String(this.#values.get('SA'));
  }
  get id(): string | undefined {
    return this.#id;
  }

  /** Copies the last 8 characters to S0A, what a scan asks for. */
  setId(id: string): void {
    this.#id = id;
    this.#values.set('SA', pairingIdOf(id));
  }

  set blocked(on: boolean) {
    this.#values.set('SFB', on ? 1 : 0);
  }
  get blocked(): boolean {
    return this.isOn('SFB');
  }

  /** A datagram was sent: 100 kbit/s, and some 60 bytes of headers. */
  addDatagram(bytes: number): void {
    this.#addAirtime(((bytes + 60) * 8) / 100);
  }

  /** A beacon was asked for on so many channels. */
  addBeaconRequests(channels: number): void {
    this.#addAirtime(channels * 2);
  }

  #addAirtime(ms: number): void {
    this.#values.set('SFD', Number(this.#values.get('SFD')) + ms);
  }

  /** @returns the value as ESREG prints it; undefined for a register this edition does not have. */
  read(name: string): string | undefined {
    const register = this.#register(name);
    const value = this.#values.get(keyOf(name));
    if (!register || value === undefined) return undefined;
    return register.digits === undefined ? String(value) : hex(Math.floor(Number(value)), register.digits);
  }

  /** @returns false for what is refused with ER06. */
  write(name: string, text: string): boolean {
    const register = this.#register(name);
    if (!register || register.readOnly) return false;
    if (register.digits === undefined) {
      if (text.length !== 8) return false;
      this.#values.set(keyOf(name), text);
      return true;
    }
    if (!/^[0-9A-F]+$/i.test(text) || text.length > register.digits) return false;
    const value = Number.parseInt(text, 16);
    if (value < (register.from ?? 0) || value > (register.to ?? 16 ** register.digits - 1)) return false;
    this.#values.set(keyOf(name), value);
    return true;
  }

  #register(name: string): Register | undefined {
    const register = REGISTERS[keyOf(name)];
    return register?.only === undefined || register.only === this.#options.dialect ? register : undefined;
  }
}

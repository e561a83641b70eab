import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Language } from '../kernel/language.ts';
import { createLog } from '../kernel/log.ts';
import type { Log } from '../kernel/log.ts';
import { Redactor } from '../kernel/redactor.ts';
import { findModule } from './open-module.ts';
import { knownStick, KNOWN_STICKS } from '../wire/known-sticks.ts';
import { OpenPort } from '../wire/open-port.ts';
import { lookUntil, serialWire } from '../wire/serial-wire.ts';
import type { SerialOptions } from '../wire/serial-wire.ts';
import { SYSTEM_ROOTS, usbPorts } from '../wire/usb-sysfs.ts';
import type { Roots, UsbPort } from '../wire/usb-sysfs.ts';
import { lookForHolder } from '../wire/port-holder.ts';
import { heldProblem } from '../wire/port-problem.ts';
import type { Family, Wire } from '../wire/wire.ts';

/** How long a chosen stick that is away is waited for before ports that did not answer are asked again. */
const OTHERS_AGAIN_MS = 60_000;

export interface AutoOptions {
  readonly roots?: Roots;
  readonly log?: Log;
  /** Opens one port: `serialWire` unless a test has its own. */
  readonly open?: (path: string, signal: AbortSignal) => Promise<Duplex>;
}

/**
 * `device: auto`: the first of the known sticks that answers as a Wi-SUN module. It stays the one for the life of the process,
 * also under another name; another one is looked for only while it is away.
 */
export function autoWire(clock: Clock, options: AutoOptions = {}): Wire {
  return new AutoWire(clock, options);
}

interface Failure {
  readonly port: UsbPort;
  readonly error: BridgeError;
}

class AutoWire implements Wire {
  readonly #clock: Clock;
  readonly #roots: Roots;
  readonly #log: Log;
  readonly #open: NonNullable<AutoOptions['open']>;
  /** By path: a port whose driver hung in open() is not opened beside that. */
  readonly #wires = new Map<string, Wire>();
  #chosen: UsbPort | undefined;
  /** What the chosen one speaks. */
  #family: Family | undefined;
  /** Keys of ports that are plugged in and were asked in vain. */
  readonly #asked = new Set<string>();

  constructor(clock: Clock, { roots = SYSTEM_ROOTS, log = silentLog(), open }: AutoOptions) {
    this.#clock = clock;
    this.#roots = roots;
    this.#log = log;
    const byIdFolder = join(roots.dev, 'serial/by-id');
    this.#open = open ?? ((path, signal) => this.#wireTo(path, { byIdFolder, log }).open(signal));
  }

  get name(): string {
    return this.#chosen?.path ?? 'auto';
  }

  get family(): Family | undefined {
    return this.#family;
  }

  async open(signal: AbortSignal): Promise<Duplex> {
    const ports = await usbPorts(this.#roots);
    const known = ports.find(({ key }) => key === this.#chosen?.key);
    if (known) {
      this.#chosen = known;
      return await this.#openFree(known, signal);
    }
    const candidates = candidatesOf(ports);
    if (candidates.length === 0) throw noCandidate(ports);
    const failures: Failure[] = [];
    for (const port of candidates) {
      const error = await this.#probe(port, signal);
      if (!error) {
        this.#chosen = port;
        this.#asked.clear();
        this.#log.info({ port: port.path, passedOver: failures.map(({ port }) => port.path) }, 'stick found');
        return await this.#openFree(port, signal);
      }
      failures.push({ port, error });
      this.#asked.add(port.key);
    }
    throw noneAnswered(failures);
  }

  async whenPresent(signal: AbortSignal): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    await lookUntil(() => this.#isWorthATry(startMs), this.#clock, signal);
  }

  /** While the chosen stick is away, a port that was asked in vain is no reason to miss its return. */
  async #isWorthATry(startMs: number): Promise<boolean> {
    const ports = await usbPorts(this.#roots);
    for (const key of this.#asked) if (!ports.some((port) => port.key === key)) this.#asked.delete(key);
    if (this.#clock.monotonicMs() - startMs >= OTHERS_AGAIN_MS) this.#asked.clear();
    const chosen = this.#chosen;
    if (ports.some(({ key }) => key === chosen?.key)) return true;
    return candidatesOf(ports).some(({ key }) => !chosen || !this.#asked.has(key));
  }

  /** @returns why this is not the stick; undefined when it is. */
  async #probe(port: UsbPort, signal: AbortSignal): Promise<BridgeError | undefined> {
    const likely = knownStick(port)?.family === 'J11' ? 'J11' : undefined;
    try {
      await using open = new OpenPort(port.path, await this.#openFree(port, signal), this.#clock);
      const found = await findModule(open, likely, { clock: this.#clock, log: this.#log }, signal);
      found.commands[Symbol.dispose]();
      this.#family = found.family;
      return undefined;
    } catch (error) {
      if (signal.aborted || !(error instanceof BridgeError)) throw error;
      return error;
    }
  }

  #wireTo(path: string, options: SerialOptions): Wire {
    const wire = this.#wires.get(path) ?? serialWire(path, this.#clock, options);
    this.#wires.set(path, wire);
    return wire;
  }

  /** Not every program locks its port, and our line ends would get into its conversation: so who has it open is asked first. */
  async #openFree(port: UsbPort, signal: AbortSignal): Promise<Duplex> {
    const look = await lookForHolder(port.device);
    if (look.holder) throw heldProblem(port.path, look);
    return await this.#open(port.path, signal);
  }
}

/** Known sticks, those that say by name what they are first. */
function candidatesOf(ports: readonly UsbPort[]): UsbPort[] {
  const place = (port: UsbPort): number => KNOWN_STICKS.findIndex((stick) => stick === knownStick(port));
  return ports.filter((port) => knownStick(port) !== undefined).sort((one, other) => place(one) - place(other)); // stable: by path among equals
}

function noCandidate(ports: readonly UsbPort[]): BridgeError {
  const list = (language: Language): string =>
    ports.length > 0 ? ports.map(described).join(', ') : { en: 'nothing', ja: 'なし' }[language];
  const what = {
    en: 'device: auto found no Wi-SUN stick that we know',
    ja: 'device: auto で、既知のWi-SUNスティックが見つかりません',
  };
  return new BridgeError('PORT_MISSING', what, {
    hint: {
      en: `Plugged in on USB now: ${list('en')}. If one of them, or a port of the machine itself, is the stick, name it in \`device\`.`,
      ja: `USBシリアルで接続中: ${list('ja')}。この中の1つ、または本体のシリアルポートがスティックなら、\`device\` に書いてください。`,
    },
  });
}

/** Reported as the failure of the port most likely meant: one that nobody else uses, by the table's order. */
function noneAnswered(failures: readonly Failure[]): BridgeError {
  const isBusy = ({ error }: Failure): boolean => error.code === 'PORT_BUSY';
  const first = failures.reduce((best, next) => (isBusy(best) && !isBusy(next) ? next : best));
  if (failures.length === 1) return first.error;
  const list = inBoth((language) =>
    failures.map(({ error }) => error.text(language)).join({ en: '; ', ja: '。' }[language]),
  );
  const what = {
    en: `device: auto asked ${failures.length} ports in vain: ${list.en}`,
    ja: `device: auto で ${failures.length} 個のポートを調べましたが、見つかりません: ${list.ja}`,
  };
  return new BridgeError(first.error.code, what, {
    cause: first.error,
    hint: {
      en: `${first.error.hint('en')} If you know which port is the stick, name it in \`device\`.`,
      ja: `${first.error.hint('ja')} スティックのポートが分かる場合は \`device\` に書いてください。`,
    },
  });
}

const described = ({ path, usb, words }: UsbPort): string =>
  usb === undefined ? path : `${path} (${[usb, words].join(' ').trim()})`;

const silentLog = (): Log =>
  createLog({
    level: 'silent',
    redactor: new Redactor(),
    destination: { write: () => undefined },
  });

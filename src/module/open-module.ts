import { J11Module } from './j11/j11-module.ts';
import type { J11Found } from './j11/j11-module.ts';
import type { Credentials, WiSunModule } from './module.ts';
import { OpenPort } from '../wire/open-port.ts';
import { SkstackModule } from './skstack/skstack-module.ts';
import type { ModuleDeps, SkstackFound } from './skstack/skstack-module.ts';
import type { Family, Wire } from '../wire/wire.ts';
import { BridgeError } from '../kernel/errors.ts';
import { askVersion, identify } from './skstack/identify.ts';
import { askStatus, identifyJ11 } from './j11/j11-identify.ts';
import { J11Channel } from './j11/j11-channel.ts';
import { SkChannel } from './skstack/sk-channel.ts';

/** What was last behind a wire: the next opening asks that first. */
const families = new WeakMap<Wire, Family>();

/**
 * Opens the wire and finds out what is behind it, SKSTACK or J11, without resetting anything.
 * @throws BridgeError PORT_…, MODULE_SILENT, MODULE_UNKNOWN
 */
export async function openModule(
  wire: Wire,
  credentials: Credentials,
  deps: ModuleDeps,
  signal: AbortSignal,
): Promise<WiSunModule> {
  const stream = await wire.open(signal); // `auto` knows its name, and what it found, only now
  const port = new OpenPort(wire.name, stream, deps.clock);
  try {
    const found = await findModule(port, wire.family ?? families.get(wire), deps, signal);
    families.set(wire, found.family);
    return found.family === 'J11'
      ? new J11Module(port, found, credentials, deps)
      : new SkstackModule(port, found, credentials, deps);
  } catch (error) {
    await port[Symbol.asyncDispose]();
    throw error;
  }
}

export type Found = ({ readonly family: 'SKSTACK' } & SkstackFound) | ({ readonly family: 'J11' } & J11Found);

interface Question {
  readonly family: Family;
  readonly timeoutMs: number;
  /** SKSTACK: enough line ends before it to fill a half-sent SKSENDTO. */
  readonly burst?: true;
}

const sk: Question = { family: 'SKSTACK', timeoutMs: 1000 };
const skAgain: readonly Question[] = [
  { family: 'SKSTACK', timeoutMs: 1000, burst: true },
  { family: 'SKSTACK', timeoutMs: 2000, burst: true },
];
const j11: Question = { family: 'J11', timeoutMs: 1000 };

const unknown: readonly Question[] = [sk, j11, ...skAgain, j11];
/** What a wire had behind it before is asked for longer before anything else is tried. */
const orders: Readonly<Record<Family, readonly Question[]>> = {
  SKSTACK: [sk, ...skAgain, j11],
  J11: [j11, j11, ...unknown],
};

/**
 * Asks in turn in both languages, the likely one first. Neither harms a module of the other kind: J11 drops what begins no
 * frame, and SKSTACK refuses the twelve bytes of J11's first question, which hold no line end, as the beginning of a line.
 * @param expected what this wire had behind it before
 * @throws BridgeError MODULE_SILENT (not one byte), MODULE_UNKNOWN (bytes, but of neither)
 */
export async function findModule(
  port: OpenPort,
  expected: Family | undefined,
  deps: ModuleDeps,
  signal: AbortSignal,
): Promise<Found> {
  for (const question of expected ? orders[expected] : unknown) {
    const found = await (question.family === 'J11' ? askJ11 : askSkstack)(port, question, deps, signal);
    if (found) return found;
  }
  if (port.bytes === 0) throw new BridgeError('MODULE_SILENT', `${port.name}: not one byte came back`);
  throw new BridgeError(
    'MODULE_UNKNOWN',
    `${port.name}: ${port.bytes} bytes came back, but no answer to SKVER nor to J11’s status request`,
  );
}

async function askSkstack(
  port: OpenPort,
  { timeoutMs, burst }: Question,
  { clock, log }: ModuleDeps,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const link = new SkChannel(port, clock, log);
  try {
    const version = await askVersion(link, timeoutMs, burst === true, signal);
    if (version !== undefined) return { family: 'SKSTACK', link, identity: await identify(link, version, signal) };
  } catch (error) {
    link[Symbol.dispose]();
    throw error;
  }
  link[Symbol.dispose]();
  return undefined;
}

async function askJ11(
  port: OpenPort,
  { timeoutMs }: Question,
  { clock, log }: ModuleDeps,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const link = new J11Channel(port, clock, log);
  try {
    const status = await askStatus(link, timeoutMs, signal);
    if (status) return { family: 'J11', link, identity: await identifyJ11(link, status, signal) };
  } catch (error) {
    link[Symbol.dispose]();
    throw error;
  }
  link[Symbol.dispose]();
  return undefined;
}

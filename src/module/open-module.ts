import { BridgeError } from '../kernel/errors.ts';
import { OpenPort } from '../wire/open-port.ts';
import type { Family, Wire } from '../wire/wire.ts';
import { unlessSilent } from './command-channel.ts';
import { J11Channel } from './j11/j11-channel.ts';
import { identifyJ11 } from './j11/j11-exchanges.ts';
import type { J11Identity } from './j11/j11-exchanges.ts';
import { J11Module } from './j11/j11-module.ts';
import type { Credentials, ModuleDeps, WiSunModule } from './module.ts';
import { askVersion, identify } from './skstack/identify.ts';
import type { SkIdentity } from './skstack/identify.ts';
import { SkChannel } from './skstack/sk-channel.ts';
import { SkstackModule } from './skstack/skstack-module.ts';

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
      ? new J11Module(port, found.commands, found.identity, credentials, deps)
      : new SkstackModule(port, found.commands, found.identity, credentials, deps);
  } catch (error) {
    await port[Symbol.asyncDispose]();
    throw error;
  }
}

/** What answered, and the channel over which it did. */
export type Found =
  | { readonly family: 'SKSTACK'; readonly commands: SkChannel; readonly identity: SkIdentity }
  | { readonly family: 'J11'; readonly commands: J11Channel; readonly identity: J11Identity };

interface Question {
  readonly family: Family;
  readonly timeoutMs: number;
  /** SKSTACK: enough line ends before it to fill a half-sent SKSENDTO. */
  readonly burst?: true;
}

const SK: Question = { family: 'SKSTACK', timeoutMs: 1000 };
const SK_AGAIN: readonly Question[] = [
  { family: 'SKSTACK', timeoutMs: 1000, burst: true },
  { family: 'SKSTACK', timeoutMs: 2000, burst: true },
];
const J11: Question = { family: 'J11', timeoutMs: 1000 };
const UNKNOWN: readonly Question[] = [SK, J11, ...SK_AGAIN, J11];
/** What a wire had behind it before is asked for longer before anything else is tried. */
const ORDERS: Readonly<Record<Family, readonly Question[]>> = {
  SKSTACK: [SK, ...SK_AGAIN, J11],
  J11: [J11, J11, ...UNKNOWN],
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
  for (const question of expected ? ORDERS[expected] : UNKNOWN) {
    const found = await (question.family === 'J11' ? askJ11 : askSkstack)(port, question, deps, signal);
    if (found) return found;
  }
  const { name, bytes } = port;
  if (bytes === 0)
    throw new BridgeError('MODULE_SILENT', {
      en: `${name}: not one byte came back`,
      ja: `${name}: 応答が 1 バイトもありません`,
    });
  throw new BridgeError('MODULE_UNKNOWN', {
    en: `${name}: ${bytes} bytes came back, but no answer to SKVER nor to J11’s status request`,
    ja: `${name}: ${bytes} バイト届きましたが、SKVER にも J11 の状態要求にも応答がありません`,
  });
}

type Ask = (port: OpenPort, question: Question, deps: ModuleDeps, signal: AbortSignal) => Promise<Found | undefined>;

const askSkstack: Ask = (port, { timeoutMs, burst = false }, { clock, log }, signal) =>
  keptIfFound(new SkChannel(port, clock, log), async (commands) => {
    const version = await askVersion(commands, timeoutMs, burst, signal);
    if (version === undefined) return undefined;
    return { family: 'SKSTACK', commands, identity: await identify(commands, version, signal) };
  });

/** The first question, the status, changes nothing, and every state has an answer. */
const askJ11: Ask = (port, { timeoutMs }, { clock, log }, signal) =>
  keptIfFound(new J11Channel(port, clock, log), async (commands) => {
    const status = await unlessSilent(commands.ask({ name: 'status' }, signal, timeoutMs));
    return status && { family: 'J11', commands, identity: await identifyJ11(commands, status, signal) };
  });

async function keptIfFound<Commands extends Disposable>(
  commands: Commands,
  find: (commands: Commands) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  let found: Found | undefined;
  try {
    found = await find(commands);
    return found;
  } finally {
    if (!found) commands[Symbol.dispose]();
  }
}

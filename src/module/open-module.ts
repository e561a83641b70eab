import { findModule } from './find-module.ts';
import { J11Module } from './j11/j11-module.ts';
import type { Credentials, WiSunModule } from './module.ts';
import { OpenPort } from '../wire/open-port.ts';
import { SkstackModule } from './skstack/skstack-module.ts';
import type { ModuleDeps } from './skstack/skstack-module.ts';
import type { Family, Wire } from '../wire/wire.ts';

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

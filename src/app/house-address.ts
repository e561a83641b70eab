import { networkInterfaces } from 'node:os';

/** Networks of containers and virtual machines, which no phone reaches. */
const INNER = /^(docker|br-|veth|virbr|cni|podman|tailscale|wg|tun|zt)/;

/** This machine's address in the house; undefined where it has none. */
export function houseAddress(interfaces = networkInterfaces()): string | undefined {
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    const found = INNER.test(name)
      ? undefined
      : addresses.find(({ internal, family }) => !internal && family === 'IPv4');
    if (found) return found.address;
  }
  return undefined;
}

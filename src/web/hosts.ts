import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** The name in a Host header: without port, brackets and the root's dot. */
const nameOf = (header: string): string =>
  header
    .trim()
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');

/**
 * Endings no registry of the internet will ever give away (RFC 6761, 6762, 8375; ICANN on .internal, .home and .lan): no
 * page elsewhere can have a name under them.
 */
const neverPublic = /\.(localhost|local|internal|home\.arpa|home|lan)$/;
/** `broute2mqtt`, `raspberrypi`: found by the house's own search list, a container network or a hosts file, never on the internet. */
const isSingleLabel = (name: string): boolean => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(name);

/**
 * Whether a request may be meant for us. A page anywhere can let its own name point to an address in this house and then
 * read, as its own, what a server there tells ("DNS rebinding"); but the browser still names that page's host. So who
 * asks for no token answers, whatever address it listens on, to IP addresses and to names that cannot be somebody else's
 * on the internet: local ones, this machine's own, and those of `http.hosts`.
 */
export function createHostCheck(options: {
  readonly listenHost: string;
  readonly hosts: readonly string[];
  readonly hasToken: boolean;
}): (header: string | undefined) => boolean {
  const { listenHost, hosts, hasToken } = options;
  if (hasToken) return () => true;
  const known = new Set([listenHost, hostname(), ...hosts].map(nameOf));
  return (header) => {
    if (header === undefined) return true; // HTTP/1.0: no browser
    const name = nameOf(header);
    return isIP(name) !== 0 || known.has(name) || isSingleLabel(name) || neverPublic.test(name);
  };
}

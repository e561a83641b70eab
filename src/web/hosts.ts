import { isIP } from 'node:net';
import { hostname } from 'node:os';

const isLoopback = (host: string): boolean =>
  host === '::1' || host.startsWith('127.') || host.toLowerCase() === 'localhost';

/** The name in a Host header: without port, brackets and the root's dot. */
const nameOf = (header: string): string =>
  header
    .trim()
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');

/**
 * Whether a request may be meant for us. A page anywhere can let its own name point to 127.0.0.1 and then read, as its own,
 * what a server there tells ("DNS rebinding"); but the browser still names that page's host. So who listens on the loopback
 * address only, and asks for no token, answers to addresses, `localhost`, this machine's name and the configured one.
 */
export function createHostCheck(listenHost: string, hasToken: boolean): (header: string | undefined) => boolean {
  if (hasToken || !isLoopback(listenHost)) return () => true;
  const own = hostname().toLowerCase();
  const known = new Set(['localhost', listenHost.toLowerCase(), own, `${own.split('.')[0]}.local`]);
  return (header) => {
    if (header === undefined) return true; // HTTP/1.0: no browser
    const name = nameOf(header);
    return isIP(name) !== 0 || known.has(name) || name.endsWith('.localhost');
  };
}

export interface HostPort {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`; port 0 lets the system choose one. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  return port <= 65_535 ? { host: match[1] ?? match[2] ?? '', port } : undefined;
}

/** As a URL holds it. */
export const formatHostPort = ({ host, port }: HostPort): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

const LOOPBACKS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Who listens at a wildcard is reached at the loopback address. */
export const reachable = ({ host, port }: HostPort): HostPort => ({ host: LOOPBACKS[host] ?? host, port });

/** Reached by this machine alone. */
export const isLoopback = (host: string): boolean => /^(127\.|localhost$|::1$|.*\.localhost$)/i.test(host);

import { spawn } from 'node:child_process';

/**
 * TIOCEXCL (0540Ch), on descriptor 3: until the last descriptor is closed no further open() of this tty succeeds but
 * root's (CAP_SYS_ADMIN). A lock stops only programs that ask for one. Node has no ioctl, and a native module for one
 * call would be one more to build for every machine; a descriptor can be handed to a child, and perl is part of every
 * Debian. Not as one of the first three: of those Node would take O_NONBLOCK away, for us too.
 */
const helpers: readonly (readonly [command: string, ...args: string[]])[] = [
  ['perl', '-e', 'open(my $t, "+<&=3") or exit 2; ioctl($t, 0x540C, 0) or exit 1'],
  ['python3', '-ISc', 'import fcntl, termios; fcntl.ioctl(3, termios.TIOCEXCL)'],
];

/** @returns whether it worked; not where neither perl nor python3 is installed. */
export async function makeExclusive(descriptor: number, signal: AbortSignal): Promise<boolean> {
  for (const [command, ...args] of helpers) if (await runs(command, args, descriptor, signal)) return true;
  return false;
}

function runs(command: string, args: readonly string[], descriptor: number, signal: AbortSignal): Promise<boolean> {
  const env = { PATH: process.env['PATH'] }; // no secret of ours
  return new Promise<boolean>((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', descriptor], env, signal });
    child.once('error', () => resolve(false)); // not installed, say
    child.once('close', (code) => resolve(code === 0));
  }).catch(() => false); // no process to be had; the caller tells
}

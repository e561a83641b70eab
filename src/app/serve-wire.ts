import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { Duplex } from 'node:stream';
import { abortable, deferred } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { OptionRow } from './command.ts';
import { say } from './context.ts';
import type { CliContext, Output } from './context.ts';
import { badValue } from './command.ts';

/** What the wire is. */
export const WIRE_OPTIONS: readonly OptionRow[] = [
  [
    '--stdio',
    { en: 'the wire is standard input and output (default)', ja: '標準入出力を通信路にする（既定）' },
    (option) => option.conflicts('listen'),
  ],
  ['--listen <HOST:PORT>', { en: 'the wire is a TCP port', ja: 'TCPポートを通信路にする' }],
];

/** A module that is not there: what speaks at the other end of a wire. */
export interface WireModule {
  /** The wire before it is let go of. */
  attach(wire: Duplex): void;
  readonly plugged: boolean;
  /** A host is on the wire. */
  readonly attached: boolean;
}

const isStream = (output: Output): output is Output & NodeJS.WritableStream => 'end' in output;

/** So that a command piped in is still answered. */
const LAST_ANSWER_MS = 100;

/** Standard output carries the wire and nothing else. Ends when the host does, or when the module lets go of the wire. */
export async function serveStdio(module: WireModule, { stdin, stdout, signal }: CliContext): Promise<void> {
  if (!isStream(stdout)) throw new TypeError('standard output is no stream');
  const closed = deferred<void>();
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Uint8Array, _encoding, done) => {
      stdout.write(chunk);
      done();
    },
    destroy: (error, done) => {
      closed.resolve();
      done(error);
    },
  });
  const onData = (chunk: Buffer | string): void => void wire.push(chunk);
  const onEnd = (): void => closed.resolve();
  stdin.on('data', onData).once('end', onEnd).once('error', onEnd);
  module.attach(wire);
  try {
    await abortable(closed.promise, signal);
    await systemClock.sleep(LAST_ANSWER_MS, signal);
  } finally {
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause();
  }
}

/** One host at a time; the module's state outlives the connection. @param ready what is said of the address. */
export async function serveTcp(
  module: WireModule,
  listen: string,
  ready: (address: string) => Text,
  context: CliContext,
): Promise<void> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (port === '' || Number(port) > 65_535) {
    throw badValue('--listen', {
      en: 'an address and a port, such as 127.0.0.1:4000',
      ja: '127.0.0.1:4000 のようなアドレスとポート',
    });
  }
  const server = createServer((socket) => {
    socket.on('error', () => undefined); // the host's connection; the wire notices its end
    if (!module.plugged || module.attached) return void socket.destroy();
    socket.setNoDelay(true);
    return module.attach(socket);
  });
  const failed = deferred<never>();
  server.on('error', (error) =>
    failed.reject(new BridgeError('USAGE', cannotListen(listen, error.message), { cause: error })),
  );
  server.listen({ port: Number(port), host: host || '127.0.0.1' }, () =>
    say(context.stderr, context, ready(addressOf(server))),
  );
  try {
    await abortable(failed.promise, context.signal);
  } finally {
    server.close();
  }
}

const cannotListen = (listen: string, why: string): Text => ({
  en: `cannot listen on ${listen}: ${why}`,
  ja: `${listen} で待ち受けできません: ${why}`,
});

function addressOf(server: Server): string {
  const at = server.address();
  if (typeof at !== 'object' || !at) return '';
  return `tcp://${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}`;
}

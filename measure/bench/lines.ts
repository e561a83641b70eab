import { ReadlineParser } from '@serialport/parser-readline';
import { parseLine } from '../../src/skstack/events.ts';
import { LineJoiner } from '../../src/skstack/lines.ts';
import { asciiRxUdp, binaryRxUdp } from '../../test/support/rxudp.ts';
import type { Bench, Figure } from './figure.ts';
import { goldenFrames } from './golden.ts';
import { throughput } from './repeat.ts';
import { median } from './statistics.ts';

const BATCH = 500;

/** Serial bytes → line → ERXUDP, as they are read from the port; a module sends a few a second at most. */
export const lines: Bench = () =>
  Promise.resolve([measure('ERXUDP, payload in hex', asciiRxUdp), measure('ERXUDP, raw payload', binaryRxUdp)]);

function measure(name: string, write: (payload: Uint8Array) => Uint8Array): Figure {
  const frames = goldenFrames();
  const chunks = Array.from({ length: BATCH }, (_, at) =>
    Buffer.concat([write(frames[at % frames.length] ?? new Uint8Array()), Buffer.from('\r\n')]),
  );
  const parser = new ReadlineParser({ delimiter: '\r', encoding: 'latin1', readableObjectMode: true });
  const joiner = new LineJoiner();
  let taken = 0;
  parser.on('data', (piece: string) => {
    for (const line of joiner.push(piece)) if (parseLine(line).kind === 'rxudp') taken++;
  });
  const rates = throughput(() => {
    const before = taken;
    for (const chunk of chunks) parser.write(chunk);
    return taken - before;
  });
  return {
    name: `${name}: bytes → line → datagram`,
    unit: 'lines/s',
    measured: { median: median(rates) },
    n: rates.length,
  };
}

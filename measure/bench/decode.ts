import { decodeFrame } from '../../src/echonet/frame.ts';
import { readingOf } from '../../src/echonet/smart-meter.ts';
import { atLeast } from './figure.ts';
import type { Bench } from './figure.ts';
import { goldenFrames } from './golden.ts';
import { throughput } from './repeat.ts';
import { median } from './statistics.ts';

const scale = { coefficient: 1, exponent: -1, digits: 8 };

/** A datagram's bytes → validated frame → reading in W, A, kWh: all a datagram costs above the line. */
export const decode: Bench = () => {
  const frames = goldenFrames();
  let readings = 0;
  const rates = throughput(() => {
    for (const bytes of frames) {
      const frame = decodeFrame(bytes);
      if (frame.ok && readingOf(frame.value.properties, scale).powerW !== undefined) readings++;
    }
    return frames.length;
  });
  if (readings === 0) throw new Error('not one golden frame gave a reading');
  return Promise.resolve([
    {
      name: 'ECHONET Lite: frame → reading, fully validated',
      unit: 'frames/s',
      target: atLeast({ median: 500_000 }),
      measured: { median: median(rates) },
      n: rates.length,
    },
  ]);
};

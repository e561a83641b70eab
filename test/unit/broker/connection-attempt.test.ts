import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openConnection } from '../../../src/broker/connection-attempt.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { Clock } from '../../../src/kernel/clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attempt-'));
});
afterEach(() => rm(folder, { recursive: true }));

const noClient = (): never => {
  throw new Error('a client was made');
};
const attempt = (caFile: string, clock: Clock = systemClock): Promise<string> =>
  openConnection(
    noClient,
    { url: 'mqtts://broker.example', tls: { caFile } },
    { clientId: 'x' },
    { protocol: 5, willRetain: true, willQos: 1 },
    clock,
    new AbortController().signal,
  ).then(
    () => 'connected',
    (error: Error) => error.message,
  );

test('a certificate that is a pipe, or has no end, holds nothing up', async () => {
  const [pipe, large] = [join(folder, 'pipe'), join(folder, 'large')];
  execFileSync('sh', ['-c', `mkfifo '${pipe}'`]);
  await writeFile(large, '');
  await truncate(large, 1_000_001);
  for (const path of [pipe, large, '/dev/zero'])
    expect(await attempt(path)).toBe(
      `mqtts://broker.example: mqtt.tls.ca_file ${path} cannot be read (no plain file of at most 1 MB) [BROKER_TLS]`,
    );
});

test('a disk that does not answer is given up with the attempt, and it is not the broker that is named', async () => {
  const path = join(folder, 'ca.crt');
  await writeFile(path, '');
  const hurried: Clock = { ...systemClock, sleep: () => Promise.resolve() }; // sooner over than any disk
  expect(await attempt(path, hurried)).toBe('mqtts://broker.example: mqtt.tls cannot be read (ETIMEDOUT) [BROKER_TLS]');
});

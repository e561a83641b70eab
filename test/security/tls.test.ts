import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { Household } from '../support/household.ts';
import type { LogLine } from '../support/log-lines.ts';
import type { Mosquitto } from '../support/mosquitto.ts';
import { SinkRig } from '../support/sink-rig.ts';

interface Tls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly insecure?: boolean;
}
interface Pair {
  readonly cert: string;
  readonly key: string;
}

const home = new Household();
let ours: Authority;
let theirs: Authority;
let server: Pair;
let broker: Mosquitto;

/** A certificate with its own dates: `openssl ca` and its database are more than this needs, `faketime` is not there. */
async function dated(label: string, from: string, to: string): Promise<Pair> {
  const pair = await ours.issue(label, 'IP:127.0.0.1,DNS:localhost');
  const caKey = ours.ca.replace(/crt$/, 'key');
  const script = `
    cd "$(dirname '${ours.ca}')" && mkdir -p '${label}.ca' && : > '${label}.ca/index' && echo 01 > '${label}.ca/serial'
    printf '[ca]\\ndefault_ca=d\\n[d]\\nnew_certs_dir=${label}.ca\\ndatabase=${label}.ca/index\\nserial=${label}.ca/serial\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' > '${label}.cnf'
    openssl ca -batch -notext -config '${label}.cnf' -in '${label}.csr' -out '${label}.crt' -cert ca.crt -keyfile '${caKey}' \\
      -startdate ${from} -enddate ${to} -extfile '${label}.ext'`;
  await new Promise<void>((resolve, reject) =>
    execFile('sh', ['-c', script], (error) => (error ? reject(error) : resolve())),
  );
  return pair;
}

beforeAll(async () => {
  ours = home.keep(await Authority.create());
  theirs = home.keep(await Authority.create());
  server = await ours.issue('server', 'IP:127.0.0.1,DNS:localhost');
  broker = await home.broker({ tls: { ca: ours.ca, ...server } });
});
afterAll(() => home[Symbol.asyncDispose]());

/** How one try ends: `connected`, or code and words of the first failure. */
async function outcome(url: string, tls: Tls = {}): Promise<{ said: string; hint: string; lines: readonly LogLine[] }> {
  const sink = new SinkRig(url, { broker: { url, tls } });
  try {
    await eventually(() => sink.connected || sink.lines.some(({ err }) => err !== undefined), url);
    const err = sink.connected ? undefined : sink.lines.find((line) => line.err)?.err;
    return { said: err?.message ?? 'connected', hint: err?.hint ?? '', lines: sink.lines };
  } finally {
    await sink.stop();
  }
}

const words = /^[^\n]{10,260}$/;

test('a good certificate is accepted, over both schemes’ names for this machine', async () => {
  expect((await outcome(broker.url, { caFile: ours.ca })).said).toBe('connected');
  expect((await outcome(broker.url.replace('127.0.0.1', 'localhost'), { caFile: ours.ca })).said).toBe('connected');
});

test('an unknown authority, a self-signed one, a wrong one', async () => {
  for (const tls of [{}, { caFile: theirs.ca }, { caFile: '/etc/hostname' }]) {
    const { said } = await outcome(broker.url, tls);
    expect(said).toMatch(words);
    expect(said).toMatch(/not signed by a known authority; set mqtt\.tls\.ca_file .*\[BROKER_TLS\]$/);
  }
});

test('a certificate for another host', async () => {
  const elsewhere = await home.broker({ tls: { ca: ours.ca, ...(await ours.issue('elsewhere', 'DNS:elsewhere')) } });
  const { said, hint } = await outcome(elsewhere.url, { caFile: ours.ca });
  expect(said).toContain('for another host name');
  expect(hint).toContain('mqtt.url');
});

test.each([
  ['expired', '20200101000000Z', '20200201000000Z', 'has expired'],
  ['not valid yet', '20900101000000Z', '20910101000000Z', 'is not valid yet'],
])('a certificate that is %s', async (label, from, to, expected) => {
  const late = await home.broker({ tls: { ca: ours.ca, ...(await dated(label.replaceAll(' ', '-'), from, to)) } });
  const { said, hint } = await outcome(late.url, { caFile: ours.ca });
  expect(said).toContain(expected);
  expect(said).toContain('[BROKER_TLS]');
  expect(hint).toContain('dates');
});

test('client certificates: missing, of another authority, not in PEM form, with another’s key, good', async () => {
  const strict = await home.broker({ tls: { ca: ours.ca, ...server, clientCertificate: true } });
  const good = await ours.issue('client', 'DNS:client');
  const bad = await theirs.issue('client', 'DNS:client');
  const said = async ({ cert, key }: Partial<Pair>): Promise<string> =>
    (await outcome(strict.url, { caFile: ours.ca, ...(cert && { certFile: cert }), ...(key && { keyFile: key }) }))
      .said;
  expect(await said({})).toContain('wants a client certificate: set mqtt.tls.cert_file');
  expect(await said(bad)).toContain('does not accept our client certificate: check mqtt.tls.cert_file');
  expect(await said({ cert: good.cert, key: bad.key })).toContain('mqtt.tls.key_file is not the key of');
  expect(await said({ cert: '/etc/hostname', key: good.key })).toContain('not in PEM form');
  expect(await said({ cert: good.cert, key: '/nowhere.key' })).toContain(
    'mqtt.tls.key_file /nowhere.key cannot be read',
  );
  expect(await said(good)).toBe('connected');
});

test('a broker that speaks TLS 1.0 only', async () => {
  const old = createServer({
    cert: readFileSync(server.cert),
    key: readFileSync(server.key),
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  old.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
  try {
    const url = `mqtts://127.0.0.1:${(old.address() as AddressInfo).port}`;
    const { said } = await outcome(url, { caFile: ours.ca, insecure: true });
    expect(said).toContain('only TLS 1.0 or 1.1');
  } finally {
    await new Promise<void>((resolve) => old.close(() => resolve()));
  }
});

test('`insecure` connects to anybody, and says so once', async () => {
  const { said, lines } = await outcome(broker.url, { insecure: true });
  expect(said).toBe('connected');
  expect(lines.filter(({ msg }) => msg.includes('mqtt.tls.insecure')).map(({ level }) => level)).toEqual(['warn']);
  const plain = await home.broker();
  expect((await outcome(plain.url, { insecure: true })).lines.some(({ msg }) => msg.includes('insecure'))).toBe(false);
});

test('a plain URL towards a TLS port, and the other way round', async () => {
  const plain = await home.broker();
  for (const [url, expected] of [
    [broker.url.replace('mqtts:', 'mqtt:'), 'mqtts://'],
    [broker.url.replace('mqtts:', 'ws:'), 'wss://'],
    [plain.url.replace('mqtt:', 'mqtts:'), 'mqtt://'],
    [plain.url.replace('mqtt:', 'wss:'), 'ws://'],
  ] as const) {
    const { said, hint } = await outcome(url);
    expect(said).toMatch(words);
    expect(said).toContain('closed the connection instead of answering the login');
    expect([url, hint]).toEqual([url, expect.stringContaining(expected)]);
  }
});

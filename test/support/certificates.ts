import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate authority of a test's own, by openssl; gone with its folder when disposed. */
export class Authority implements AsyncDisposable {
  readonly ca: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.ca = join(folder, 'ca.crt');
  }

  static async create(): Promise<Authority> {
    const folder = await mkdtemp(join(tmpdir(), 'authority-'));
    const key = join(folder, 'ca.key');
    const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const out = ['-keyout', key, '-out', join(folder, 'ca.crt'), '-days', '2'];
    await run('openssl', ['req', '-x509', ...elliptic, ...out, '-subj', '/CN=test authority']);
    return new Authority(folder);
  }

  /** @param names what the certificate is for, e.g. `IP:127.0.0.1` or `DNS:broker.example`. */
  async issue(label: string, names: string): Promise<{ readonly cert: string; readonly key: string }> {
    const file = (suffix: string): string => join(this.#folder, `${label}.${suffix}`);
    const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await run('openssl', ['req', ...elliptic, '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${label}`]);
    await writeFile(file('ext'), `subjectAltName=${names}\n`);
    const sign = ['-CA', this.ca, '-CAkey', join(this.#folder, 'ca.key'), '-CAcreateserial', '-days', '2'];
    await run('openssl', ['x509', '-req', '-in', file('csr'), ...sign, '-extfile', file('ext'), '-out', file('crt')]);
    return { cert: file('crt'), key: file('key') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

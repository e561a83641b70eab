import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, open, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const repository = join(import.meta.dirname, '../..');
const withEngine = join(import.meta.dirname, 'with-engine');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in one text: where a program writes its complaint to is its own affair. */
  readonly text: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; never throws for its exit status. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd = repository, env = {}, input = '', timeoutMs = 60_000 } = options;
  const settings = { cwd, env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    const child = execFile(file, [...args], settings, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0;
      resolve({ code, stdout, stderr, text: `${stdout}${stderr}${code === 255 ? (error?.message ?? '') : ''}` });
    });
    child.stdin?.on('error', () => undefined); // it ended without reading
    child.stdin?.end(input);
  });
}

/** As `run`, and a failure is the test's. */
export async function must(file: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const outcome = await run(file, args, options);
  if (outcome.code !== 0) throw new Error(`${file} ${args.join(' ')}: exit ${outcome.code}\n${outcome.text}`);
  return outcome;
}

/** Podman, podman-compose or hadolint, against the tests' own storage. */
export const engine = async (args: readonly string[], options?: RunOptions): Promise<Outcome> =>
  run(withEngine, args, options);
export const mustEngine = async (args: readonly string[], options?: RunOptions): Promise<Outcome> =>
  must(withEngine, args, options);

/** Nothing is skipped where the tools are missing: the suite fails and says what to install. */
export async function requireEngine(): Promise<void> {
  const tools = [
    'podman',
    'podman-compose',
    'hadolint',
    'runc',
    'debootstrap',
    'socat',
    'mosquitto_sub',
    'apparmor_parser',
  ];
  const { stdout } = await engine(['bash', '-c', `for tool in ${tools.join(' ')}; do command -v $tool || true; done`]);
  const missing = tools.filter((tool) => !stdout.split('\n').some((path) => path.endsWith(`/${tool}`)));
  if (missing.length > 0) throw new Error(`Missing: ${missing.join(', ')}. Run test/container/install as root.`);
  if (process.getuid?.() !== 0)
    throw new Error('The container tests need root: Podman runs the images as Docker does.');
  const { stdout: built } = await must(join(import.meta.dirname, 'base-images'), [], { timeoutMs: 1_500_000 });
  if (built) print(built.trim());
}

/** A line in the test's report. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** What somebody gets who clones the repository now: tracked and new files, nothing ignored. */
export async function freshClone(): Promise<string> {
  const clone = await mkdtemp(join(tmpdir(), 'broute2mqtt-clone-'));
  const { stdout } = await must('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  for (const file of new Set(stdout.split('\0').filter((name) => name && existsSync(join(repository, name))))) {
    await mkdir(dirname(join(clone, file)), { recursive: true });
    await cp(join(repository, file), join(clone, file));
  }
  return clone;
}

/** Builds the image as `docker compose build` would, from the stand-in base images; once for what is in the clone. */
export async function buildImage(clone: string): Promise<void> {
  const digest = await digestOf(clone);
  const built = join(tmpdir(), 'broute2mqtt-test-image');
  const isBuilt = async (): Promise<string> => {
    const { stdout } = await engine(['podman', 'image', 'inspect', '-f', '{{.Id}}', 'localhost/broute2mqtt']);
    return `${digest} ${stdout.trim()}`;
  };
  if ((await readFile(built, 'utf8').catch(() => '')) === (await isBuilt())) return;
  const started = performance.now();
  const args = ['podman-compose', '--podman-build-args=--network host --pull=never', 'build', 'broute2mqtt'];
  await mustEngine(args, { cwd: clone, timeoutMs: 900_000 });
  await writeFile(built, await isBuilt());
  print(`image built in ${seconds(performance.now() - started)}`);
}

/** Of what the image is made of. */
async function digestOf(clone: string): Promise<string> {
  const hash = createHash('sha256');
  const parts = ['Dockerfile', '.dockerignore', 'docker-compose.yml', 'package.json', 'package-lock.json', '.npmrc'];
  const others = ['tsconfig.json', 'LICENSE', 'config.example.yaml'];
  const inside = await Promise.all(
    ['src', 'scripts'].map(async (folder) => {
      const entries = await readdir(join(clone, folder), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    }),
  );
  const base = await engine(['podman', 'image', 'inspect', '-f', '{{.Id}}', 'node:22.21.1-bookworm-slim']);
  hash.update(base.stdout);
  for (const file of [...[...parts, ...others].map((name) => join(clone, name)), ...inside.flat().sort()]) {
    hash.update(`\0${relative(clone, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks again until the answer is there. */
export async function until<T>(what: string, timeoutMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await sleep(200);
  }
}

/** The simulated stick on a pty, with the owner and mode of a real one. */
export interface Stick extends AsyncDisposable {
  /** /dev/pts/N */
  readonly pty: string;
}

export interface StickOptions {
  readonly args?: readonly string[];
  /** 0600 root: what a stick looks like to whoever is not allowed to open it. */
  readonly denied?: boolean;
}

export async function plugIn(options: StickOptions = {}): Promise<Stick> {
  const { args = [], denied = false } = options;
  const folder = await mkdtemp(join(tmpdir(), 'broute2mqtt-stick-'));
  const link = join(folder, 'tty');
  const mode = denied ? 'mode=600' : 'mode=660,group=dialout';
  const simulator = ['node', join(repository, 'dist/cli/main.js'), 'simulate', '--time-factor', '10', ...args].join(
    ' ',
  );
  const socat: ChildProcess = spawn(withEngine, ['socat', `PTY,link=${link},${mode},rawer`, `EXEC:${simulator}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let unplugged = false;
  socat.on('exit', (code, signal) => {
    if (!unplugged) print(`the simulated stick ended by itself: ${signal ?? code}`);
  });
  const pty = await until('the pty of socat', 10_000, async () => readlink(link).catch(() => undefined));
  const held = await open(pty, 'r+'); // so that the pty outlives a close by the bridge
  return {
    pty,
    async [Symbol.asyncDispose]() {
      unplugged = true;
      await held.close();
      const gone = once(socat, 'exit');
      if (socat.exitCode === null && socat.kill()) await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

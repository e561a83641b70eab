import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Another time of day for the programs of a test: it goes on at the pace of the real one, and can be put forward. */
export class StoryClock implements AsyncDisposable {
  shiftMs = 0;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(at: string): Promise<StoryClock> {
    const clock = new StoryClock(await mkdtemp(join(tmpdir(), 'clock-')));
    await writeFile(clock.ofPrograms, shiftedDate(clock.#file));
    await writeFile(clock.ofMeters, shiftedDate(clock.#file) + movingMonotonic(clock.#file));
    await clock.set(at);
    return clock;
  }

  /** A module for Node to load first (`--import`): the program lives at the time that is set when it starts. */
  get ofPrograms(): string {
    return join(this.#folder, 'program.mjs');
  }

  /** The same for a simulated meter, whose clock also goes along when the time is set anew: it has lived all the while. */
  get ofMeters(): string {
    return join(this.#folder, 'meter.mjs');
  }

  async set(at: string): Promise<void> {
    this.shiftMs = Date.parse(at) - Date.now();
    await writeFile(`${this.#file}.new`, String(this.shiftMs));
    await rename(`${this.#file}.new`, this.#file); // a meter may read it just now
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#folder, 'shift');
  }
}

const shiftedDate = (file: string): string => `import { readFileSync } from 'node:fs';
const shiftMs = Number(readFileSync('${file}', 'utf8'));
const now = Date.now;
Date.now = () => now() + shiftMs;
`;

const movingMonotonic = (file: string): string => `const monotonic = performance.now.bind(performance);
let [lookedAt, movedMs] = [-Infinity, 0];
performance.now = () => {
  if (monotonic() - lookedAt > 50) {
    lookedAt = monotonic();
    movedMs = Number(readFileSync('${file}', 'utf8')) - shiftMs;
  }
  return monotonic() + movedMs;
};
`;

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../kernel/log.ts';
import { StateFile } from '../store/state-file.ts';
import { entities } from './ha-entities.ts';

/** Component key → platform. */
export type Components = Readonly<Record<string, string>>;

interface Inventory {
  /** Where the document is kept; empty when there is none. */
  readonly topic: string;
  readonly components: Components;
}

export const ANNOUNCED_FILE = 'announced.json';
const PLATFORM = /^[a-z_]{1,32}$/;
const KEY = /^[a-z0-9_]{1,64}$/;

/**
 * What Home Assistant was told of over all starts. It forgets no entity that a document merely leaves out, so what is not
 * announced any more has to be removed by name.
 */
export class Announced {
  readonly #dir: string | undefined;
  readonly #file: StateFile<Inventory>;
  #known: Inventory | undefined;
  #saved: Promise<unknown> = Promise.resolve();

  /** @param dir the meter's folder; without one nothing is known of earlier starts. */
  constructor(dir: string | undefined, log: Log) {
    this.#dir = dir;
    this.#file = new StateFile(dir, ANNOUNCED_FILE, parseInventory, log);
  }

  async load(): Promise<void> {
    this.#known = await this.#file.load();
  }

  /** Another topic that still holds a document of ours. */
  strayTopic(topic: string | undefined): string | undefined {
    const { topic: last } = this.#known ?? {};
    return last === '' || last === topic ? undefined : last;
  }

  /** What was announced on this topic and is not possible any more. @param possible what this configuration can have */
  ghosts(topic: string, possible: ReadonlySet<string>): Components {
    const { topic: last, components } = this.#known ?? this.#ofAnOlderVersion(topic);
    if (last !== topic) return {};
    return Object.fromEntries(Object.entries(components).filter(([key]) => !possible.has(key)));
  }

  /** The broker has this document. */
  record(topic: string, announced: Components, removed: Components): void {
    const before = this.#known?.topic === topic ? this.#known.components : {};
    const all = Object.entries({ ...before, ...announced }).filter(([key]) => !(key in removed));
    this.#save({ topic, components: Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))) });
  }

  /** The broker has forgotten the document there. */
  forgotten(topic: string): void {
    if (this.#known?.topic === topic) this.#save({ topic: '', components: {} });
  }

  #save(inventory: Inventory): void {
    this.#known = inventory;
    this.#saved = this.#file.save(inventory); // never throws, logs a disk that refuses by itself
  }

  /** Resolves when the disk has what was recorded. */
  async close(): Promise<void> {
    await this.#saved;
  }

  /** It remembered its meter and kept no inventory: it may have announced whatever there is. */
  #ofAnOlderVersion(topic: string): Inventory {
    const isThere = this.#dir !== undefined && existsSync(join(this.#dir, 'meter.json'));
    const all = entities.map(({ key, platform }) => [key, platform] as const);
    return { topic, components: isThere ? Object.fromEntries(all) : {} };
  }
}

/** @throws TypeError */
function parseInventory(value: unknown): Inventory {
  const { topic, components } = value as { topic?: unknown; components?: unknown };
  if (typeof topic !== 'string' || topic.length > 1024) throw new TypeError('topic is no topic');
  if (typeof components !== 'object' || components === null) throw new TypeError('components is no object');
  for (const [key, platform] of Object.entries(components))
    if (!KEY.test(key) || typeof platform !== 'string' || !PLATFORM.test(platform))
      throw new TypeError('components has what no document has');
  return { topic, components: components as Components };
}

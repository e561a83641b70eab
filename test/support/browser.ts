import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Fonts in its folder `fonts` are used beside the machine's own: a Debian without Japanese ones draws boxes. */
const DATA = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'broute2mqtt-test');

export interface BrowserOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly locale?: string;
}

/** Debian's Chromium with a profile of its own; pages keep what their console said. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async open({
    width = 390,
    height = 844,
    dark = false,
    locale = 'en-US',
  }: BrowserOptions = {}): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'broute2mqtt-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      args: ARGS,
      env: { ...process.env, XDG_DATA_HOME: DATA },
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      locale,
    });
    return new Browser(context, profile);
  }

  /** @returns a page, and what its console said and what failed in it. */
  async page(): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const page = await this.#context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    return { page, complaints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}

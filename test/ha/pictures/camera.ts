import { homedir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

export interface Shot {
  /** Of the interface. */
  readonly path: string;
  readonly height: number;
  /** What must be seen before the picture is taken. */
  readonly text: string;
  /** What a person does on the page before. */
  readonly act?: (page: Page) => Promise<void>;
}

const WIDTH = 1100;
const TRIALS = 4;
const SEE_MS = 30_000;
/** Charts are drawn with a movement. */
const DRAWN_MS = 5000;
/** Fonts in its folder `fonts` are used beside the machine's own: a Debian without Japanese ones draws boxes. */
const DATA = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'broute2mqtt-test');
/** Else a page whose files are not fetched by Chromium itself may not reach this machine. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
];

/** Chromium, logged in to a Home Assistant, in Japanese, at its time of day. */
export class Camera implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #context: BrowserContext;
  readonly #url: string;

  private constructor(browser: Browser, context: BrowserContext, url: string) {
    this.#browser = browser;
    this.#context = context;
    this.#url = url;
  }

  static async open(url: string, token: string, shiftMs: number): Promise<Camera> {
    const env = { ...process.env, XDG_DATA_HOME: DATA } as Record<string, string>;
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS, env });
    const context = await browser.newContext({ locale: 'ja-JP', timezoneId: 'Asia/Tokyo' });
    await fetchHere(context);
    await context.addInitScript({ content: enter(JSON.stringify(login(url, token)), shiftMs) });
    return new Camera(browser, context, url);
  }

  async take({ path, height, text, act }: Shot, file: string): Promise<void> {
    const page = await this.#context.newPage();
    await page.setViewportSize({ width: WIDTH, height });
    for (let trial = 1; ; trial++) {
      try {
        await page.goto(`${this.#url}${path}`);
        await page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: SEE_MS });
        await act?.(page);
        break;
      } catch (error) {
        if (trial === TRIALS) throw error; // a busy machine, or a network that changed
      }
    }
    await page.waitForTimeout(DRAWN_MS);
    await page.screenshot({ path: file });
    await page.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

const login = (hassUrl: string, access_token: string) => ({
  hassUrl,
  clientId: `${hassUrl}/`,
  access_token,
  refresh_token: '',
  token_type: 'Bearer',
  expires_in: 1e9,
  expires: 1e14,
});

/** Runs in the page, before anything of it. A text, for a compiled function would ask for its compiler's helpers there. */
const enter = (tokens: string, shiftMs: number): string => `
  localStorage.setItem('hassTokens', ${JSON.stringify(tokens)});
  localStorage.setItem('selectedLanguage', '"ja"');
  localStorage.setItem('dockedSidebar', '"always_hidden"');
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...args) {
      if (args.length === 0) super(Real.now() + ${shiftMs});
      else super(...args);
    }
    static now() {
      return Real.now() + ${shiftMs};
    }
  };
`;

/** Chromium gives up what it loads whenever the machine's network changes, as it does with each container. */
const fetchHere = (context: BrowserContext): Promise<unknown> =>
  context.route('**/*', async (route) => {
    const request = route.request();
    if (request.method() !== 'GET') return await route.continue();
    const response = await fetch(request.url(), { headers: request.headers() });
    const headers = Object.fromEntries(
      [...response.headers].filter(([name]) => !/^(content-(encoding|length)|transfer-encoding)$/.test(name)),
    );
    await route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) });
  });

import type { Page } from 'playwright-core';
import { systemClock } from '../../src/kernel/clock.ts';
import { Redactor } from '../../src/kernel/redactor.ts';
import { startWeb } from '../../src/web/server.ts';
import type { WebOptions, WebServer } from '../../src/web/server.ts';
import { boardOf } from './board-rig.ts';
import { logLines } from './log-lines.ts';

const FIRST_W = 1000;

/** The page of a meter, on real time, that measures another power each time: the number on a page tells when it was true. */
export class TellingPage implements AsyncDisposable {
  readonly server: WebServer;
  /** When each was measured, ms since 1970: the first is 1,000 W. */
  readonly measured: number[] = [];
  readonly #timer: NodeJS.Timeout;

  private constructor(server: WebServer, everyMs: number, measure: (watts: number, atMs: number) => void) {
    this.server = server;
    const next = (): void => {
      const atMs = Date.now();
      measure(FIRST_W + this.measured.push(atMs) - 1, atMs);
    };
    next();
    this.#timer = setInterval(next, everyMs);
  }

  static async start(everyMs: number, options: Partial<WebOptions> = {}): Promise<TellingPage> {
    const board = boardOf({ clock: systemClock });
    const server = await startWeb({
      listen: { host: '127.0.0.1', port: 0 },
      language: 'en',
      board,
      clock: systemClock,
      late: () => [],
      redactor: new Redactor(),
      log: logLines().log,
      ...options,
    });
    const status = { phase: 'connected', sinceMs: Date.now(), reconnects: 0 } as const;
    board.accept({ kind: 'status', meter: 'home', status });
    return new TellingPage(server, everyMs, (powerW, atMs) =>
      board.accept({ kind: 'reading', meter: 'home', reading: { atMs, powerW } }),
    );
  }

  /** How old a power was at a moment, s. */
  ageS(watts: number, atMs: number): number {
    return (atMs - (this.measured[watts - FIRST_W] ?? NaN)) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.server.close();
  }
}

/** What stands on a page as the power of now: when it stood there, and how old the page said it was. */
export interface Said {
  readonly atMs: number;
  readonly watts: number;
  readonly ageS: number;
}

/** Looks ten times a second from now on. @param frame `window`, or what of it holds the page */
export const watchWhatItSays = (page: Page, frame = 'window'): Promise<void> =>
  page.evaluate<void>(`(() => {
    window.said = [];
    setInterval(() => {
      const { document } = ${frame};
      const watts = Number(document.querySelector('.now .number')?.textContent.replace(/,/g, ''));
      const age = document.querySelector('.trust span')?.textContent ?? '';
      if (!watts || document.querySelector('.now .last:not([hidden])')) return;
      window.said.push({ atMs: Date.now(), watts, ageS: 60 * Number(/(\\d+) min/.exec(age)?.[1] ?? 0) + Number(/(\\d+) s/.exec(age)?.[1] ?? 0) });
    }, 100);
  })()`);

export const whatItSaid = (page: Page): Promise<readonly Said[]> => page.evaluate<readonly Said[]>('window.said');

import { freePort } from '../../test/support/free-port.ts';
import { Browser } from '../../test/support/browser.ts';
import { Mosquitto } from '../../test/support/mosquitto.ts';
import type { Bench, Figure } from './figure.ts';
import { median, spread } from './statistics.ts';
import { Stage } from './support/stage.ts';
import { Subscriber } from './support/subscriber.ts';

const VISITS = 11;

/** Resolves in the page, with ms since its navigation began. */
const SEEN = `new Promise((resolve) => {
  const look = () => {
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    if (!paint || !document.querySelector('.now[data-level=good]')) return void requestAnimationFrame(look);
    resolve({ paintMs: paint.startTime, valueMs: performance.now() });
  };
  look();
})`;

interface Visit {
  readonly paintMs: number;
  readonly valueMs: number;
}

/** The page of the built program in Chromium on loopback: first with nothing of it kept, then as one who comes again. */
export const paint: Bench = async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.url, 'broute2mqtt/home/state/instant');
  const listen = `127.0.0.1:${await freePort()}`;
  await using stage = await Stage.open({ mqttUrl: broker.url, listen });
  const reading = subscriber.when(() => true);
  const { program } = await stage.start();
  await using _ = program;
  await reading;
  const visit = async (browser: Browser): Promise<Visit> => {
    const { page } = await browser.page();
    await page.goto(`http://${listen}/?lang=ja`);
    const seen = await page.evaluate<Visit>(SEEN);
    await page.close();
    return seen;
  };
  await using browser = await Browser.open();
  const first = await visit(browser);
  const again: Visit[] = [];
  while (again.length < VISITS) again.push(await visit(browser));
  return [
    figure('open the page → first contentful paint, browser just started', [first.paintMs]),
    figure(
      'open the page → first contentful paint',
      again.map(({ paintMs }) => paintMs),
    ),
    figure(
      'open the page → the power of now stands there',
      again.map(({ valueMs }) => valueMs),
    ),
  ];
};

const figure = (name: string, samples: readonly number[]): Figure => ({
  name,
  unit: 'ms',
  measured: samples.length > 1 ? spread(samples) : { once: median(samples) },
  n: samples.length,
});

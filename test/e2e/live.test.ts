import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { EventListenerOn } from '../support/event-listener.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';

test('the page’s stream: several who listen, one who does not read, one who comes back, and the end', async () => {
  await using household = new Household();
  const stick = await household.stick();
  const port = await freePort();
  const config = { http: { listen: `127.0.0.1:${port}` } };
  const bridge = await household.bridge({ meters: [{ device: stick.path }], config });
  const url = `http://127.0.0.1:${port}/api/events`;
  await bridge.until(() => bridge.lines.some(({ msg }) => msg === 'ready'), 'ready');
  using japanese = new EventListenerOn(`${url}?lang=ja`);
  using english = new EventListenerOn(`${url}?lang=en`);
  const deaf = connect(port, '127.0.0.1').on('error', () => undefined);
  household.keep({ [Symbol.asyncDispose]: () => Promise.resolve(void deaf.destroy()) });
  await once(deaf, 'connect');
  deaf.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  deaf.pause();
  const power = ({ events }: EventListenerOn): number | undefined => events.at(-1)?.meters[0]?.reading?.power?.value;
  await bridge.until(() => power(japanese) !== undefined && power(english) !== undefined, 'a power for both');
  // each of the steps to it was told
  const steps = new Set(english.events.map(({ meters }) => meters[0]?.progress?.step));
  expect([...steps].filter((step) => step !== undefined)).toEqual(expect.arrayContaining([2, 3]));
  expect(english.events.at(-1)?.meters[0]).toMatchObject({ connected: true });
  expect(english.events.at(-1)?.meters[0]).not.toHaveProperty('progress');
  // every answer of the meter is told to both, as it came
  const answered = bridge.readings();
  await bridge.until(() => bridge.readings() >= answered + 3, 'three more answers');
  const times = (listener: EventListenerOn): string[] => [
    ...new Set(listener.events.flatMap(({ meters }) => meters[0]?.last_answer?.time ?? [])),
  ];
  await bridge.until(() => times(english).length >= 4 && times(japanese).length >= 4, 'told to both');
  // gone and back: the whole at once
  english[Symbol.dispose]();
  using back = new EventListenerOn(url);
  await bridge.until(() => back.events.length > 0, 'the whole');
  expect(power(back)).toBeDefined();
  const links = (await (await fetch(`http://127.0.0.1:${port}/api/links?lang=en`)).json()) as {
    readonly events: readonly { readonly kind: string }[];
  };
  expect(links.events.map(({ kind }) => kind)).toEqual(['connected', 'started']);
  // the end does not wait for anybody
  const before = performance.now();
  const { code } = await bridge.end();
  expect(code).toBe(0);
  expect(performance.now() - before).toBeLessThan(15_000);
  await eventually(() => back.ended && japanese.ended, 'both ended');
  bridge.restart();
  await bridge.until(() => bridge.lines.some(({ msg }) => msg === 'ready'), 'ready again');
  using again = new EventListenerOn(url);
  await bridge.until(() => power(again) !== undefined, 'a power again');
});

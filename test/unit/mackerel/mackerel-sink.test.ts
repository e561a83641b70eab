import { expect, test } from 'vitest';
import { formsOf } from '../../support/canary.ts';
import { eventually } from '../../support/eventually.ts';
import { API_KEY, MackerelRig, MINUTE } from './mackerel-rig.ts';

const FAILED = 'cannot post to Mackerel: values wait in memory';

test('of each metric the newest value of each minute, once the minute is over', async () => {
  await using rig = await MackerelRig.start();
  rig.reading(0, { powerW: 100, currentRA: 1, importKwh: 12_345.6 });
  rig.reading(50_000, { powerW: -200, currentRA: 2.5, currentTA: 3 });
  await rig.clock.settle();
  expect(rig.api.posts).toEqual([]);
  rig.power([61_500, 300]);
  await rig.queued(0);
  const [post] = rig.api.posts;
  expect(post?.path).toBe('POST /api/v0/services/home/tsdb');
  expect(post?.headers).toMatchObject({
    'x-api-key': API_KEY,
    'content-type': 'application/json',
    'user-agent': 'broute2mqtt/1.2.3',
  });
  expect(post?.body).toEqual([
    { name: 'smartmeter.power.value', time: rig.second(50_000), value: -200 },
    { name: 'smartmeter.current.r', time: rig.second(50_000), value: 2.5 },
    { name: 'smartmeter.energy.import', time: rig.second(0), value: 12_345.6 },
    { name: 'smartmeter.current.t', time: rig.second(50_000), value: 3 },
  ]);
});

test('a minute ends by itself, and without readings nothing is posted', async () => {
  await using rig = await MackerelRig.start();
  rig.power([10_000, 100]);
  await rig.clock.advance(50_001);
  await rig.posts(1);
  await rig.queued(0);
  rig.reading(70_000, { fault: false });
  await rig.clock.advance(3 * MINUTE);
  expect(rig.api.values('smartmeter.power.value')).toEqual([100]);
});

test('a longer period, another prefix', async () => {
  await using rig = await MackerelRig.start({ intervalS: 300, metricKeyPrefix: 'house.meter' });
  rig.power([0, 1], [4 * MINUTE, 2], [5 * MINUTE, 3]);
  await rig.posts(1);
  expect(rig.api.values('house.meter.power.value')).toEqual([2]);
});

test('several meters have names of their own', async () => {
  await using rig = await MackerelRig.start({ meters: ['home', 'barn'] });
  rig.reading(0, { powerW: 1 }, 'home');
  rig.reading(0, { powerW: 2 }, 'barn');
  await rig.clock.advance(MINUTE);
  await rig.queued(0);
  expect(rig.api.values('smartmeter.home.power.value')).toEqual([1]);
  expect(rig.api.values('smartmeter.barn.power.value')).toEqual([2]);
});

test('a host is told its graph definitions once, then its custom metrics', async () => {
  await using rig = await MackerelRig.start({ target: { hostId: '2bTWEP5ZG3k' } });
  rig.power([0, 1], [MINUTE, 2], [2 * MINUTE, 3]);
  await rig.queued(0);
  expect(rig.api.posts.map(({ path }) => path)).toEqual(['POST /api/v0/graph-defs/create', 'POST /api/v0/tsdb']);
  expect(rig.api.posts[0]?.body).toContainEqual({
    name: 'custom.smartmeter.current',
    displayName: 'Electric current [A]',
    unit: 'integer',
    metrics: [
      { name: 'custom.smartmeter.current.r', displayName: 'R-phase current', isStacked: true },
      { name: 'custom.smartmeter.current.t', displayName: 'T-phase current', isStacked: true },
    ],
  });
  expect(rig.api.posts[1]?.body).toEqual([
    { hostId: '2bTWEP5ZG3k', name: 'custom.smartmeter.power.value', time: rig.second(0), value: 1 },
    { hostId: '2bTWEP5ZG3k', name: 'custom.smartmeter.power.value', time: rig.second(MINUTE), value: 2 },
  ]);
});

test('graph definitions that are refused keep no value back', async () => {
  await using rig = await MackerelRig.start({ target: { hostId: 'h' } });
  rig.api.replies.push({ status: 400, body: { error: 'no such unit' } });
  rig.power([0, 1], [MINUTE, 2]);
  await rig.queued(0);
  expect(rig.api.values('custom.smartmeter.power.value')).toEqual([1]);
});

test('an error of its own: tried again after a while, everything in order, told once', async () => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push({ status: 500 }, { status: 503, body: '<html>\n busy' });
  rig.power([0, 1], [MINUTE, 2]);
  const failed = await rig.told(FAILED);
  expect(failed.err).toMatchObject({ code: 'MACKEREL_UNREACHABLE' });
  expect(failed.err?.message).toContain('POST /api/v0/services/home/tsdb: HTTP 500');
  await rig.clock.advance(2499);
  expect(rig.api.posts).toHaveLength(1);
  await rig.clock.advance(1);
  await rig.posts(2);
  rig.power([2 * MINUTE, 3]); // meanwhile
  await rig.clock.settle();
  await rig.clock.advance(5000);
  const back = await rig.told('Mackerel takes values again');
  expect(back).toMatchObject({ queued: 0, dropped: 0 });
  expect(rig.api.posts[2]?.body.map(({ value }) => value)).toEqual([1, 2]);
  expect(rig.lines.filter(({ msg }) => msg === FAILED)).toHaveLength(1);
});

test.each([401, 403, 404])('%d: said what to do, kept, tried again every five minutes', async (status) => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push({ status, body: { error: { message: 'Authentication failed' } } }, { status });
  rig.power([0, 1], [MINUTE, 2]);
  const { err } = await rig.told(FAILED);
  expect(err).toMatchObject({ code: 'MACKEREL_REFUSED' });
  expect(err?.hint).toContain('mackerel.api_key');
  if (status === 401) expect(err?.message).toContain('Authentication failed');
  await rig.clock.advance(299_999);
  expect(rig.api.posts).toHaveLength(1);
  await rig.clock.advance(1);
  await rig.posts(2);
  await rig.clock.settle();
  expect(rig.sink.figures).toEqual({ queued: 2, dropped: 0 }); // the next minute too;
});

test.each([
  [{}, 60_000],
  [{ 'retry-after': '120' }, 120_000],
  [{ 'retry-after': 'soon' }, 60_000],
])('429 with %j: not again before %d ms', async (headers, ms) => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push({ status: 429, headers });
  rig.power([0, 1], [MINUTE, 2]);
  await rig.told(FAILED);
  await rig.clock.advance(ms - 1);
  expect(rig.api.posts).toHaveLength(1);
  await rig.clock.advance(1);
  await rig.queued(0);
  expect(rig.api.posts).toHaveLength(2);
});

test.each([400, 413, 422])('%d: these values are given up and counted, the next ones go out', async (status) => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push({ status, body: { error: 'bad' } });
  rig.power([0, 1], [MINUTE, 2]);
  const { err, dropped } = await rig.told('Mackerel does not take these values: given up');
  expect(err).toMatchObject({ code: 'MACKEREL_REFUSED' });
  expect(dropped).toBe(1);
  rig.power([2 * MINUTE, 3]);
  await rig.queued(0);
  expect(rig.api.posts[1]?.body).toMatchObject([{ value: 2 }]);
  expect(rig.sink.figures).toEqual({ queued: 0, dropped: 1 });
});

test.each([
  [407, '<html>Proxy Authentication Required</html>'],
  [400, '<html>Bad Request</html>'],
  [404, 'Please log in to this network'],
  [413, '<html>Request Entity Too Large</html>'],
])('%d from something between: nothing is given up, and the hint looks for it', async (status, body) => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push({ status, body });
  rig.power([0, 1], [MINUTE, 2]);
  const { err } = await rig.told(FAILED);
  expect(err).toMatchObject({ code: 'MACKEREL_REFUSED' });
  expect(err?.hint).toContain('proxy');
  expect(rig.sink.figures).toEqual({ queued: 1, dropped: 0 });
  await rig.clock.advance(300_000);
  await rig.queued(0);
  expect(rig.api.values('smartmeter.power.value')).toEqual([1, 1, 2]);
});

test('one value among many that is wrong is found and given up alone', async () => {
  await using rig = await MackerelRig.start();
  rig.api.judge = (body) =>
    body.some(({ value }) => value === 37) ? { status: 400, body: { error: 'bad' } } : undefined;
  await rig.api.down();
  for (let n = 0; n <= 80; n++) rig.power([n * MINUTE, n]);
  await rig.told(FAILED);
  await rig.api.up();
  await eventually(async () => {
    await rig.clock.advance(5000);
    return rig.sink.figures.queued === 0;
  }, 'all but one taken');
  expect(rig.sink.figures.dropped).toBe(1);
  expect(rig.api.taken('smartmeter.power.value')).toEqual(
    Array.from({ length: 80 }, (_, n) => n).filter((n) => n !== 37),
  );
});

test('one that never answers is left after 15 s, and asked again', async () => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push('hang');
  rig.power([0, 1], [MINUTE, 2]);
  await rig.posts(1);
  await rig.clock.advance(14_999);
  expect(rig.lines).toEqual([]);
  await rig.clock.advance(1);
  const { err } = await rig.told(FAILED);
  expect(err?.message).toContain('no answer within 15 s');
  await rig.clock.advance(2500);
  await rig.queued(0);
  expect(rig.api.posts).toHaveLength(2);
});

test('down for hours, then back: all of it in order, a hundred samples at a time', async () => {
  await using rig = await MackerelRig.start();
  await rig.api.down();
  const minutes = Array.from({ length: 151 }, (_, i) => [i * MINUTE, i] as const);
  rig.power(...minutes);
  const { err } = await rig.told(FAILED);
  expect(err?.message).toContain('ECONNREFUSED');
  await rig.api.up();
  await rig.clock.advance(2500);
  await rig.queued(0);
  expect(rig.api.posts.map(({ body }) => body.length)).toEqual([100, 50]);
  expect(rig.api.values('smartmeter.power.value')).toEqual(minutes.slice(0, 150).map(([, watts]) => watts));
});

test('at most a day of minutes waits, the newest ones', async () => {
  await using rig = await MackerelRig.start();
  await rig.api.down();
  rig.power(...Array.from({ length: 1451 }, (_, i) => [i * MINUTE, i] as const));
  expect(rig.sink.figures).toEqual({ queued: 1440, dropped: 10 });
});

test('what has waited for a day is not worth sending', async () => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push({ status: 500 });
  rig.power([0, 1], [MINUTE, 2]);
  await rig.told(FAILED);
  rig.clock.stall(24 * 3_600_000 + 1); // the machine slept
  rig.power([2 * MINUTE, 3]);
  await rig.clock.advance(2500);
  await rig.queued(0);
  expect(rig.api.posts[1]?.body).toMatchObject([{ value: 2 }]);
  expect(rig.sink.figures.dropped).toBe(1);
});

test('the wall clock jumps: nothing but the stamps changes', async () => {
  await using rig = await MackerelRig.start();
  rig.power([0, 1], [-3_600_000, 2], [-3_600_000 + MINUTE, 3]);
  await rig.queued(0);
  expect(rig.api.values('smartmeter.power.value')).toEqual([1, 2]);
});

test('at the end the unfinished minute goes out too', async () => {
  await using rig = await MackerelRig.start();
  rig.power([0, 1], [10_000, 2]);
  await rig.end();
  expect(rig.api.values('smartmeter.power.value')).toEqual([2]);
  expect(rig.clock.sleepers).toBe(0);
});

test('a Mackerel that hangs holds up the end for a second', async () => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push('hang');
  rig.power([0, 1]);
  const began = rig.clock.monotonicMs();
  const ended = rig.end();
  await rig.posts(1);
  await rig.clock.advance(1000);
  await ended;
  expect(rig.clock.monotonicMs() - began).toBe(1000);
  expect(rig.clock.sleepers).toBe(0);
});

test('redirects are not followed: the key goes nowhere else', async () => {
  await using rig = await MackerelRig.start();
  await using other = await MackerelRig.start();
  rig.api.replies.push({ status: 307, headers: { location: `${other.api.url}/api/v0/tsdb` } });
  rig.power([0, 1], [MINUTE, 2]);
  const { err } = await rig.told(FAILED);
  expect(err?.message).toContain('HTTP 307');
  expect(other.api.posts).toEqual([]);
});

test('the key is in no log line, whatever comes back', async () => {
  await using rig = await MackerelRig.start();
  const echo = { error: { message: `key ${API_KEY} (${encodeURIComponent(API_KEY)}) unknown` } };
  const refused = { status: 400, body: JSON.stringify(echo) };
  rig.api.replies.push({ status: 401, body: echo }, refused, refused);
  rig.power([0, 1], [MINUTE, 2]);
  await rig.told(FAILED);
  await rig.clock.advance(300_000);
  await rig.posts(2);
  await rig.clock.settle();
  await rig.clock.advance(1000); // of two values the first alone
  await rig.told('Mackerel does not take these values: given up');
  const log = JSON.stringify(rig.lines).toLowerCase();
  expect(formsOf(API_KEY).filter((form) => log.includes(form))).toEqual([]);
});

test('after a good post the waiting begins anew', async () => {
  await using rig = await MackerelRig.start();
  rig.api.replies.push({ status: 500 }, { status: 500 });
  rig.power([0, 1], [MINUTE, 2]);
  await rig.told(FAILED);
  await rig.clock.advance(2500);
  await rig.posts(2);
  await rig.clock.settle();
  await rig.clock.advance(5000);
  await rig.told('Mackerel takes values again');
  rig.api.replies.push({ status: 500 });
  rig.power([2 * MINUTE, 3]);
  await eventually(() => rig.lines.filter(({ msg }) => msg === FAILED).length === 2, 'it fails again');
  await rig.clock.advance(2500);
  await rig.posts(5);
});

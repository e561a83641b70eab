import { expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { createLog, describeError, LOG_LEVELS } from '../../../src/kernel/log.ts';
import type { Log, LogLevel } from '../../../src/kernel/log.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';

const SECRET = 'pä"ss\\wörd-123';

interface Written {
  readonly log: Log;
  readonly text: () => string;
  readonly lines: () => Record<string, unknown>[];
}

function collect(level: LogLevel = 'trace'): Written {
  const redactor = new Redactor();
  redactor.add(SECRET);
  let text = '';
  const log = createLog({ level, redactor, destination: { write: (line) => void (text += line) } });
  const lines = (): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, text: () => text, lines };
}

const ways: readonly (readonly [string, (log: Log) => void])[] = [
  ['in the message', (log) => log.info(`the line was SKSETPWD C ${SECRET}`)],
  ['in a field', (log) => log.info({ received: `ESKSETPWD ${SECRET}` }, 'wire')],
  ['in a nested field', (log) => log.info({ a: { b: [{ c: SECRET }] } }, 'wire')],
  ['as a key', (log) => log.info({ [SECRET]: 1 }, 'wire')],
  ['in hex', (log) => log.info({ bytes: Buffer.from(`x${SECRET}`).toString('hex') }, 'wire')],
  ['in a login in base64', (log) => log.info(Buffer.from(`me:${SECRET}`).toString('base64'))],
  ['in an error', (log) => log.error({ err: new Error(`cannot send ${SECRET}`) }, 'failed')],
  [
    'in an error’s cause',
    (log) => log.error({ err: new BridgeError('PORT_LOST', 'x', { cause: new Error(SECRET) }) }, 'failed'),
  ],
  ['in a child logger’s fields', (log) => log.child({ tag: SECRET }).info('wire')],
  ['at trace', (log) => log.trace({ sent: SECRET }, 'wire')],
];
for (const [name, write] of ways) {
  test(`a registered secret ${name} is not written`, () => {
    const { log, text, lines } = collect();
    write(log);
    expect(lines()).toHaveLength(1);
    expect(text()).toContain('[redacted]');
    expect(text()).not.toContain(SECRET);
    expect(text()).not.toContain(JSON.stringify(SECRET).slice(1, -1));
  });
}

for (const field of ['password', 'route_b_id', 'route_b_password', 'token']) {
  test(`the field ${field} is not written, at the top and one below, registered or not`, () => {
    const { log, text } = collect();
    log.info({ [field]: 'never registered', mqtt: { [field]: 'never registered' } }, 'settings');
    log.child({ [field]: 'never registered' }).info('settings');
    expect(text()).not.toContain('never registered');
  });
}

test('a line has level, time and message, and no process id or host', () => {
  const { log, lines } = collect();
  log.child({ meter: 'home' }).warn({ n: 1 }, 'something');
  const [line] = lines();
  expect(line).toEqual({ level: 'warn', time: expect.stringMatching(/Z$/), meter: 'home', n: 1, msg: 'something' });
});

for (const level of LOG_LEVELS) {
  test(`at ${level}, only what is that serious is written`, () => {
    const { log, lines } = collect(level);
    for (const each of ['trace', 'debug', 'info', 'warn', 'error'] as const) log[each](each);
    expect(lines().map(({ level }) => level)).toEqual(LOG_LEVELS.slice(LOG_LEVELS.indexOf(level), -1));
  });
}

test('our own errors are told in English with code, hint and cause, without a stack', () => {
  const error = new BridgeError('PORT_LOST', 'gone', { cause: new Error('EIO') });
  expect(describeError(error)).toEqual({
    code: 'PORT_LOST',
    message: 'gone [PORT_LOST]',
    hint: error.hint('en'),
    cause: 'EIO',
  });
  const { log, lines } = collect('info');
  log.warn({ err: new BridgeError('PORT_LOST', 'gone') }, 'link failed');
  expect(lines()[0]).toMatchObject({ err: { hint: error.hint('en') } });
  expect(lines()[0]?.['err']).not.toHaveProperty('cause');
});

test('a defect is told with its stack, and what is no error as text', () => {
  expect(describeError(new TypeError('undefined is not a meter'))).toMatchObject({
    message: 'undefined is not a meter',
    stack: expect.stringContaining('log.test'),
  });
  expect(describeError('thrown text')).toEqual({ message: 'thrown text' });
});

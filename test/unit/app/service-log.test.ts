import { expect, test } from 'vitest';
import { BridgeError, failureOf } from '../../../src/kernel/errors.ts';
import { LogSink } from '../../../src/app/service-log.ts';
import { logLines } from '../../support/log-lines.ts';
import { status } from '../../support/sink-rig.ts';

test('the log sink tells phases, each once', () => {
  const { log, lines } = logLines();
  const sink = new LogSink(log);
  const lost = { error: new BridgeError('SESSION_LOST', 'EVENT 29') } as const;
  sink.accept({ kind: 'status', meter: 'home', status: status('connected') });
  sink.accept({ kind: 'status', meter: 'home', status: status('connected', { lqi: 7 }) });
  sink.accept({ kind: 'status', meter: 'home', status: status('waiting', lost) });
  sink.accept({
    kind: 'status',
    meter: 'shop',
    status: status('waiting', { error: failureOf(new Error('x')) }),
  });
  sink.accept({ kind: 'reading', meter: 'home', reading: { atMs: 0, powerW: 1 } });
  expect(lines.map(({ level, msg, phase, code }) => [level, msg, phase, code])).toEqual([
    ['info', 'link', 'connected', undefined],
    ['info', 'link', 'waiting', 'SESSION_LOST'],
    ['info', 'link', 'waiting', 'DEFECT'],
    ['debug', 'reading', undefined, undefined],
  ]);
});

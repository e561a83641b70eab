import { expect, test } from 'vitest';
import { BridgeError, failureOf } from '../../../src/kernel/errors.ts';
import { LogSink, prettyLine } from '../../../src/app/service-log.ts';
import { LogWriter } from '../../../src/kernel/log-writer.ts';
import { createLog } from '../../../src/kernel/log.ts';
import { plainText } from '../../../src/kernel/plain-text.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';
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

test('a pretty log writes no escape sequence that a device or a broker sent, which JSON had kept harmless', async () => {
  const pretty = await prettyLine();
  const line = JSON.stringify({ level: 'warn', time: 0, said: '\u001b]0;gone\u0007\u202e', msg: 'x\u009b2J' });
  const written = pretty(line);
  expect(written).toContain('x2J');
  expect(written).toContain(']0;gone');
  expect(plainText(written)).toBe(written);
});

test('a pretty log tells a line as it is where a secret of digits was taken out of a number', async () => {
  const redactor = new Redactor();
  redactor.add('1883');
  const format = await prettyLine();
  const written: string[] = [];
  const write = (bytes: Buffer): number => {
    written.push(bytes.toString());
    return bytes.length;
  };
  const destination = new LogWriter({ format, write, nowMs: () => 0 });
  createLog({ level: 'info', redactor, destination }).info({ startMs: 1883 }, 'page ready');
  expect(written).toEqual([expect.stringMatching(/"startMs":\[redacted\],"msg":"page ready"\}\n$/)]);
});

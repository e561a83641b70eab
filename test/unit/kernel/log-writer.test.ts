import { expect, test } from 'vitest';
import { LogWriter } from '../../../src/kernel/log-writer.ts';

function rig(format?: (line: string) => string) {
  let failure: string | undefined;
  let most = Infinity;
  let text = '';
  const writer = new LogWriter({
    nowMs: () => 0,
    ...(format && { format }),
    write(bytes) {
      if (failure) throw Object.assign(new Error(failure), { code: failure });
      const taken = bytes.subarray(0, most);
      text += taken.toString();
      return taken.length;
    },
  });
  return {
    writer,
    fail: (code: string | undefined) => void (failure = code),
    takeAtMost: (bytes: number) => void (most = bytes),
    text: () => text,
  };
}
const line = (n: number, length = 1000): string => `${String(n).padEnd(length - 1, '.')}\n`;

test.each(['ENOSPC', 'EPIPE', 'EAGAIN', 'EIO'])('%s ends nothing, and what waited is written in order', (code) => {
  const { writer, fail, text } = rig();
  writer.write('a\n');
  fail(code);
  writer.write('b\n');
  writer.write('c\n');
  expect(text()).toBe('a\n');
  fail(undefined);
  writer.write('d\n');
  expect(text()).toBe('a\nb\nc\nd\n');
});

test('what is too much is dropped, counted, and told of when it works again', () => {
  const { writer, fail, text } = rig((one) => `> ${one}`);
  fail('ENOSPC');
  for (let n = 0; n < 1000; n++) writer.write(line(n));
  fail(undefined);
  writer.write('again\n');
  const lines = text().trim().split('\n');
  const kept = lines.filter((one) => /^> \d/.test(one)).length;
  expect(kept).toBeGreaterThan(200);
  expect(kept).toBeLessThan(300);
  const lost = JSON.parse((lines.at(-2) ?? '').slice(2)) as Record<string, unknown>;
  expect(lost).toEqual({
    level: 'warn',
    time: '1970-01-01T00:00:00.000Z',
    dropped: 1000 - kept,
    reason: 'ENOSPC',
    msg: 'log lines were lost',
  });
  expect(lines.at(-1)).toBe('> again');
  writer.write('b\n');
  expect(text().match(/lost/g)).toHaveLength(1);
});

test('a line of which half was taken goes on where it stopped', () => {
  const { writer, takeAtMost, fail, text } = rig();
  takeAtMost(3);
  writer.write('abcdefgh\n');
  expect(text()).toBe('abcdefgh\n');
  fail('EAGAIN');
  writer.write('x\n');
  fail(undefined);
  writer.write('y\n');
  expect(text()).toBe('abcdefgh\nx\ny\n');
});

import { expect, test } from 'vitest';
import { fanOut } from '../../../src/model/status.ts';
import type { BridgeEvent } from '../../../src/model/status.ts';

test('one sink feeds many, in their order', () => {
  const heard: string[] = [];
  const sink = (name: string) => ({ name, accept: ({ kind }: BridgeEvent) => void heard.push(`${name}: ${kind}`) });
  fanOut(sink('first'), sink('second')).accept({ kind: 'reading', meter: 'home', reading: { atMs: 1 } });
  fanOut().accept({ kind: 'reading', meter: 'home', reading: { atMs: 1 } });
  expect(heard).toEqual(['first: reading', 'second: reading']);
});

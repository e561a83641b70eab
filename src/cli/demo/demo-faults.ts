import type { Text } from '../../kernel/language.ts';
import type { ScriptEntry } from '../../simulator/fault-script.ts';
import type { Fault } from '../../simulator/faults.ts';

interface Act {
  readonly fault: Fault;
  readonly text: Text;
}

/** What breaks, each long enough to be watched mending; seconds of the person who watches. */
const ACTS: readonly Act[] = [
  { fault: { fault: 'event-26' }, text: { en: 'the meter ends the session', ja: 'メーターが接続を切りました' } },
  { fault: { fault: 'module-reset' }, text: { en: 'the stick restarts', ja: 'スティックが再起動しました' } },
  {
    fault: { fault: 'port-lost', for_s: 4 },
    text: { en: 'the stick is pulled out for 4 s', ja: 'スティックが4秒間抜かれます' },
  },
  {
    fault: { fault: 'silent-session' },
    text: { en: 'the meter answers no more', ja: 'メーターが応答しなくなりました' },
  },
  {
    fault: { fault: 'module-hang', for_s: 6 },
    text: { en: 'the stick hangs for 6 s', ja: 'スティックが6秒間固まります' },
  },
];
const FIRST_S = 8;
const BETWEEN_S = 25;

/** The simulator divides all its seconds by its speed. */
function scaled({ for_s: forS, ...fault }: Fault, speed: number): Fault {
  return { ...fault, ...(forS === undefined ? {} : { for_s: forS * speed }) };
}

/** `demo --faults`: one after another, and then all over again. */
export const faultScript = (speed: number): readonly ScriptEntry[] =>
  ACTS.map(({ fault }, at) => ({
    fault: scaled(fault, speed),
    atS: speed * (FIRST_S + at * BETWEEN_S),
    everyS: speed * ACTS.length * BETWEEN_S,
  }));

/** 「障害を起こす」 on the page: at each call the next one. */
export function nextFault(speed: number): () => Act {
  let next = 0;
  return () => {
    const { fault, text } = ACTS[next++ % ACTS.length] ?? { fault: { fault: 'event-26' }, text: { en: '', ja: '' } };
    return { fault: scaled(fault, speed), text };
  };
}

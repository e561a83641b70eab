import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnergyGuard } from '../../../src/meter/energy-guard.ts';
import { meterMemory, panMemory } from '../../../src/meter/meter-memory.ts';
import type { Remembered } from '../../../src/meter/meter-memory.ts';
import { PollPlan } from '../../../src/meter/poll-plan.ts';
import { nextRun } from '../../../src/app/run-counter.ts';
import { discoveryDocument } from '../../../src/mqtt/ha-discovery.ts';
import { decodeSegment, encodeLine } from '../../../src/outbox/outbox-lines.ts';
import { linkLocalAddress } from '../../../src/model/pan.ts';
import { channelScan } from '../../../src/model/scan-plan.ts';
import { airtimeMemory } from '../../../src/module/airtime-limit.ts';
import { logLines } from '../../../test/support/log-lines.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { corpusOf, wordsOf } from '../material.ts';
import { Dice, mutated } from '../mutator.ts';
import type { Material } from '../mutator.ts';
import { must } from '../target.ts';
import type { Target } from '../target.ts';

const VALUES = [
  'null',
  'true',
  '-1',
  '0',
  '1e308',
  '1e999',
  '1.5',
  '""',
  '"x"',
  '[]',
  '{}',
  '4294967296',
  '9007199254740993',
  '[[[[',
  '{"a":',
  '"\\ud800"',
  '8640000000000001',
];
const material = (): Material => ({
  seeds: [
    ...corpusOf('state'),
    ...wordsOf(
      '{"channel":47,"panId":4772,"macAddress":"001C6400030C12A4","lqi":202}\n',
      '{"macAddress":"001C6400030C12A4","profile":{"getMap":[128,136,215,224,225,231,232],"makerCode":"000016","serialNumber":"SIM0001","release":"F","energyScale":{"coefficient":1,"exponent":-1,"digits":6},"hasTPhase":true,"hasExport":false},"import":{"kwh":12345.6,"atMs":1768446000000},"export":{"kwh":0,"atMs":1768446000000}}\n',
      '{"run":41}\n',
      ['{"seq":1,"power":7.0}', '{"seq":2}', '{"text":"é"}'].map(encodeLine).join(''),
    ),
  ],
  words: wordsOf(
    ...VALUES,
    '"lqi":',
    '"profile":',
    '"getMap":',
    '"energyScale":',
    '"import":',
    '"run":',
    '"__proto__":',
    '{"crc":"',
    '","reading":',
    '}\n',
    '\n',
    ',',
  ),
  most: 4000,
});

/** Files somebody else wrote, or half of ours after a power cut; they lie in memory, where there is such a place. */
export const state: Target = {
  name: 'state',
  share: 1,
  open() {
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'fuzz-'));
    const seeds = material();
    const { log, lines } = logLines();
    let run = 0;
    return {
      make(seed) {
        const dice = new Dice(seed);
        if (dice.chance(0.5)) return mutated(dice, seeds);
        const text = Buffer.from(dice.pick(seeds.seeds)).toString('latin1');
        return Buffer.from(
          text.replaceAll(/-?\d+(\.\d+)?|"[^"]*"(?!:)|true|false/g, (value) =>
            dice.chance(0.15) ? dice.pick(VALUES) : value,
          ),
          'latin1',
        );
      },
      async check(input) {
        lines.length = 0;
        const own = join(folder, String(run++));
        const files = { 'pan.json': input, 'meter.json': input, 'run.json': input, 'airtime.json': input };
        mkdirSync(own);
        for (const [name, content] of Object.entries(files)) writeFileSync(join(own, name), content);
        await checkFiles(own, log);
        must(lines.length <= 4, 'more than one line a file');
        must(JSON.stringify(lines).length < 3000, 'a long story about a damaged file');
        const left = readdirSync(own);
        must(
          left.every((name) => /^((pan|meter|run|airtime)\.json(\.corrupt)?|run-\d+\.claim)$/.test(name)),
          () => `left behind: ${left.join(' ')}`,
        );
        rmSync(own, { recursive: true });
        checkSegment(Buffer.from(input));
      },
      async [Symbol.asyncDispose]() {
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

async function checkFiles(folder: string, log: ReturnType<typeof logLines>['log']): Promise<void> {
  const since = (await airtimeMemory(folder, log).load())?.usedUpSince ?? null;
  must(since === null || new Date(since).toISOString() === since, 'a time that is none');
  const pans = panMemory(folder, log);
  const pan = await pans.load();
  if (pan) {
    must(linkLocalAddress(pan.macAddress).length === 39, 'an address no module takes');
    must(
      channelScan(pan.channel).every(({ mask }) => mask > 0),
      'a channel that is none',
    );
  }
  const meters = meterMemory(folder, log);
  const meter = await meters.load();
  if (meter) {
    checkRemembered(meter);
    await meters.save(meter);
    must(
      JSON.stringify(await meterMemory(folder, log).load()) === JSON.stringify(meter),
      'saved and loaded it is another',
    );
  }
  const next = await nextRun(folder, { clock: new VirtualClock(), log }, new AbortController().signal);
  must(Number.isSafeInteger(next) && next >= 1, () => `run ${next}`);
}

/** Whatever was let in can be used. */
function checkRemembered({ profile, import: bought }: Remembered): void {
  const guard = new EnergyGuard(bought);
  guard.judge(12345.7, Date.UTC(2026, 1, 1), 1000, { stepKwh: 0.1, modulusKwh: 1e5, mostKw: 24 });
  if (!profile) return;
  const plan = new PollPlan({ intervalS: 10, energyIntervalS: 60 }, 0);
  plan.offer(profile.getMap);
  plan.due(0, Date.UTC(2026, 1, 1));
  const document = discoveryDocument({
    meter: { id: 'home', name: 'Home', intervalS: 10 },
    baseTopic: 'b',
    language: 'en',
    version: '0',
    profile,
  });
  must(JSON.stringify(document).length < 50_000, 'a document without an end');
}

function checkSegment(bytes: Buffer): void {
  const { lines, damaged, tornBytes } = decodeSegment(bytes);
  must(damaged >= 0 && tornBytes >= 0 && tornBytes <= bytes.length, 'an impossible count');
  for (const { payload, start } of lines)
    must(bytes.toString('utf8', start).startsWith(encodeLine(payload).slice(0, -1)), 'a reading that was not stored');
}

import type { Command } from 'commander';
import { addCommand, numberWhere } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import type { DemoOptions } from './demo/run-demo.ts';

/** `demo`: the whole product with nothing attached, in one process. */
export function addDemoCommand(program: Command, context: CliContext): void {
  const speed = numberWhere(context, (value) => value > 0 && value <= 1000, {
    en: 'must be a number above 0, at most 1000',
    ja: '0より大きく1000以下の数を指定してください',
  });
  const port = numberWhere(context, (value) => Number.isInteger(value) && value >= 0 && value <= 65_535, {
    en: 'must be a port number',
    ja: 'ポート番号を指定してください',
  });
  const help = {
    en: 'the whole product with nothing attached: simulated stick and meter, broker, bridge, page',
    ja: '機器なしで全体を試す（模擬スティックとメーター・ブローカー・ブリッジ・ページ）',
  };
  addCommand(program, context, 'demo', help, [
    [
      '--speed <N>',
      {
        en: 'radio so many times faster (default: 20, with --realtime 10)',
        ja: '無線を何倍速にするか（既定値: 20、--realtime では 10）',
      },
      (option) => option.argParser(speed),
    ],
    ['--faults', { en: 'show recovery: things break one after another', ja: '次々に障害を起こし、復旧の様子を表示' }],
    [
      '--realtime',
      {
        en: 'the house’s time passes as ours: no day in four minutes',
        ja: '家の時間を実時間で進める（既定: 1日を4分で）',
      },
    ],
    ['--j11', { en: 'a stick that speaks J11', ja: 'J11プロトコルのスティックで試す' }],
    ['--no-solar', { en: 'a house without solar panels', ja: '太陽光発電のない家' }],
    [
      '--http <HOST:PORT>',
      { en: 'address of the page', ja: 'ページのアドレス' },
      (option) => option.default('127.0.0.1:8080'),
    ],
    [
      '--mqtt-port <PORT>',
      { en: 'port of the broker, 0 for any', ja: 'ブローカーのポート（0で自動）' },
      (option) => option.argParser(port).default(1883),
    ],
  ]).action(async (options: DemoOptions) => {
    const { runDemo } = await import('./demo/run-demo.ts');
    await runDemo(options, context);
  });
}

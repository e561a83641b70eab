import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { addCommand } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import type { DemoOptions } from './demo/run-demo.ts';

/** `demo`: the whole product with nothing attached, in one process. */
export function addDemoCommand(program: Command, context: CliContext): void {
  const { language } = context;
  const positive = (text: string): number => {
    const value = Number(text);
    if (Number.isFinite(value) && value > 0 && value <= 1000) return value;
    throw new InvalidArgumentError(
      { en: 'must be a number above 0, at most 1000', ja: '0より大きく1000以下の数を指定してください' }[language],
    );
  };
  const port = (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
    throw new InvalidArgumentError({ en: 'must be a port number', ja: 'ポート番号を指定してください' }[language]);
  };
  addCommand(program, context, 'demo', {
    en: 'the whole product with nothing attached: simulated stick and meter, broker, bridge, page',
    ja: '機器なしで全体を試す（模擬スティックとメーター・ブローカー・ブリッジ・ページ）',
  })
    .option('--speed <N>', { en: 'radio so many times faster', ja: '無線を何倍速にするか' }[language], positive, 10)
    .option(
      '--faults',
      { en: 'show recovery: things break one after another', ja: '次々に障害を起こし、復旧の様子を表示' }[language],
    )
    .option('--no-solar', { en: 'a house without solar panels', ja: '太陽光発電のない家' }[language])
    .option('--http <HOST:PORT>', { en: 'address of the page', ja: 'ページのアドレス' }[language], '127.0.0.1:8080')
    .option(
      '--mqtt-port <PORT>',
      { en: 'port of the broker, 0 for any', ja: 'ブローカーのポート（0で自動）' }[language],
      port,
      1883,
    )
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('./demo/run-demo.ts');
      await runDemo(options, context);
    });
}

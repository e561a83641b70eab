import { hex } from '../../kernel/bytes.ts';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { MeterSettings } from '../../model/settings.ts';
import { linkLocalAddress } from '../../model/pan.ts';
import { openModule } from '../../module/open-module.ts';
import { FULL_SCAN } from '../../model/scan-plan.ts';
import { stderrLog } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { wireOf } from '../../app/device.ts';

/**
 * `--scan`: the dialogue in the words in which users read it, with what is of use in it. `Channel:` is for --channel, what
 * follows `SKLL64` for --ipaddr. Made from what was found, so that it looks the same whatever the stick speaks.
 * @throws BridgeError PAN_NOT_FOUND
 */
export async function printScan(meter: MeterSettings, context: CliContext): Promise<void> {
  const clock = systemClock;
  const log = await stderrLog(context, 'silent');
  const print = (text: string): void => void context.stdout.write(context.redactor.redact(`${text}\n`));
  const sent = (text: string): void => print(`>> "${text}"`);
  const received = (text: string): void => print(`<< "${text}"`);
  await using module = await openModule(await wireOf(meter, clock), meter, { clock, log }, context.signal);
  const side = module.info.edition === 'DSE' ? ' 0' : '';
  for (const request of FULL_SCAN) {
    sent(`SKSCAN 2 ${hex(request.mask, 8)} ${request.duration}${side}`);
    const found = await module.scan(request, context.signal);
    received('OK');
    for (const { channel, panId, macAddress, lqi } of found) {
      received('EPANDESC');
      received(`  Channel:${hex(channel, 2)}`);
      received(`  Pan ID:${hex(panId, 4)}`);
      received(`  Addr:${macAddress}`);
      if (lqi !== undefined) received(`  LQI:${hex(lqi, 2)}`);
      sent(`SKLL64 ${macAddress}`);
      received(linkLocalAddress(macAddress));
    }
    if (found.length > 0) return;
  }
  throw new BridgeError('PAN_NOT_FOUND', { en: 'no meter answered', ja: 'メーターの応答がありません' });
}

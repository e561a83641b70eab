import type { Target } from './target.ts';
import { commands } from './targets/commands.ts';
import { configuration } from './targets/configuration.ts';
import { echonet } from './targets/echonet.ts';
import { http, inject } from './targets/http.ts';
import { j11 } from './targets/j11.ts';
import { lines, rxudp } from './targets/module-lines.ts';
import { mqttCommands } from './targets/mqtt-commands.ts';
import { state } from './targets/state.ts';
import { transcript } from './targets/transcript.ts';

export const targets: readonly Target[] = [
  lines,
  rxudp,
  j11,
  echonet,
  commands,
  mqttCommands,
  configuration,
  inject,
  http,
  state,
  transcript,
];

/** Splits a number of inputs, or of seconds, by the targets' shares. */
export function shareOf(target: Target, among: readonly Target[], total: number | undefined): number | undefined {
  const all = among.reduce((sum, { share }) => sum + share, 0);
  return total === undefined ? undefined : Math.ceil((total * target.share) / all);
}

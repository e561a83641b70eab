import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { askSupervisor } from './ask-supervisor.ts';
import type { SupervisorAccess } from './ask-supervisor.ts';

/** The first Home Assistant that calls an app one, as year and month. */
const APPS_SINCE = 202_602;

/**
 * Where Home Assistant's own pages show ours: a link for the device there, which works wherever Home Assistant is opened
 * from. @returns undefined where the Supervisor does not say what is needed for it. @throws the signal's reason.
 */
export async function askForPageLink(
  access: SupervisorAccess,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const [app, house] = await Promise.all([
      askSupervisor(access, '/addons/self/info', clock, signal),
      askSupervisor(access, '/info', clock, signal),
    ]);
    return linkOf(app.data['slug'], house.data['homeassistant']);
  } catch (error) {
    signal.throwIfAborted();
    log.debug({ reason: (error as Error).message }, 'no link to the page');
    return undefined;
  }
}

function linkOf(slug: unknown, version: unknown): string | undefined {
  if (typeof slug !== 'string' || !/^[-_.A-Za-z0-9]{1,100}$/.test(slug)) return undefined;
  const [, year, month] = /^(\d{4})\.(\d{1,2})\b/.exec(String(version)) ?? [];
  if (year === undefined || month === undefined) return undefined;
  const isApp = Number(year) * 100 + Number(month) >= APPS_SINCE;
  return `homeassistant://${isApp ? 'app' : 'hassio/ingress'}/${slug}`;
}

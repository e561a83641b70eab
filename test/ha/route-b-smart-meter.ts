import type { HomeAssistant } from './home-assistant.ts';

interface Form {
  readonly flow_id: string;
  readonly type: string;
  readonly errors?: unknown;
  readonly data_schema?: readonly { readonly name: string; readonly options?: unknown }[];
}

/** Home Assistant's own integration for these meters, as it comes with 2026.11. */
export const OWN = 'route_b_smart_meter';
export const figures = {
  power: 'instantaneous_power',
  current_r: 'instantaneous_current_r_phase',
  current_t: 'instantaneous_current_t_phase',
  energy_import: 'total_consumption',
} as const;

/** The unique id it gives an entity: the Route-B ID is in it. */
export const ownId = (routeBId: string, figure: keyof typeof figures): string => `${routeBId}_${figures[figure]}`;

const flows = '/api/config/config_entries/flow';

/** Opens its form. @returns the ports that it offers, each with the words it has for it. */
async function openForm(ha: HomeAssistant): Promise<{ readonly id: string; readonly ports: Map<string, string> }> {
  const form = await ha.post<Form>(flows, { handler: OWN });
  const options = form.data_schema?.find(({ name }) => name === 'device')?.options;
  return { id: form.flow_id, ports: new Map((options ?? []) as readonly [string, string][]) };
}

/**
 * Fills the form in as a person does. It then scans and joins, sets the integration up, and scans and joins once more.
 * @returns the ports that were offered.
 */
export async function setUpOwn(
  ha: HomeAssistant,
  device: string,
  routeBId: string,
  password: string,
): Promise<ReadonlyMap<string, string>> {
  const { id, ports } = await openForm(ha);
  const done = await ha.post<Form>(`${flows}/${id}`, { device, id: routeBId, password });
  if (done.type !== 'create_entry') throw new Error(`${device}: ${JSON.stringify(done)}\n${ha.log.slice(-4000)}`);
  return ports;
}

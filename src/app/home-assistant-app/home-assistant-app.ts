import type { ProcessEnvironment } from '../context.ts';
import type { SupervisorAccess } from './ask-supervisor.ts';

/** We are the Home Assistant app: the Dockerfile of the app says so, and where its options are. */
export interface HomeAssistantApp {
  readonly optionsFile: string;
  readonly supervisor: SupervisorAccess;
  /** Whose questions the page answers: the Supervisor's, which has seen to the login. */
  readonly ingressFrom: string;
}

/** The Supervisor's address in the network of its apps; only tests name another. */
const INGRESS_FROM = '172.30.32.2';
const SUPERVISOR = 'http://supervisor';

/** @returns undefined where we are none. */
export function homeAssistantApp(env: ProcessEnvironment): HomeAssistantApp | undefined {
  const optionsFile = env['BROUTE2MQTT_APP_OPTIONS'];
  if (!optionsFile) return undefined;
  const url = env['BROUTE2MQTT_APP_SUPERVISOR'] || SUPERVISOR;
  return {
    optionsFile,
    supervisor: { url, token: env['SUPERVISOR_TOKEN'] ?? '' },
    ingressFrom: env['BROUTE2MQTT_APP_INGRESS_FROM'] || INGRESS_FROM,
  };
}

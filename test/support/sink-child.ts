import { SinkRig } from './sink-rig.ts';

/** A process that does nothing but hold a sink, to be killed. */
const rig = new SinkRig(process.argv[2] ?? '');
rig.status('opening');

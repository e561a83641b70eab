// The stand-in Supervisor in a container, run as it is by the image's Node: the first times it is asked there is no broker.
import { StandInSupervisor } from '../support/stand-in-supervisor.ts';

const [token = '', host = '', username = '', password = ''] = process.argv.slice(2);
const supervisor = await StandInSupervisor.start({ host: '0.0.0.0', port: 80, token });
setInterval(() => {
  if (supervisor.asked >= 2) supervisor.mqtt = { host, port: 1883, username, password };
}, 100);

import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

// Ends the whole process when one input takes too long, and keeps that input: nothing else can, once a loop has no end.
const { counter, length, bytes, limitMs, file } = workerData;
let seen = -1;
let sinceMs = Date.now();
setInterval(() => {
  const now = Atomics.load(counter, 0);
  if (now !== seen || now === 0) {
    seen = now;
    sinceMs = Date.now();
    return;
  }
  if (Date.now() - sinceMs < limitMs) return;
  writeFileSync(file, bytes.slice(0, Atomics.load(length, 0)));
  process.stderr.write(`no end within ${limitMs} ms: the input is in ${file}\n`);
  process.kill(process.pid, 'SIGKILL');
}, 1000);
parentPort?.unref?.();

import { readdir, readFile, readlink, realpath } from 'node:fs/promises';

/** Another process that has a port. */
export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/** The other process that has the port locked, else the first that has it open, where /proc lets us see it. */
export async function holderOf(path: string): Promise<Holder | undefined> {
  const real = await realpath(path).catch(() => path);
  let opener: Holder | undefined;
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []); // not ours to look at, or gone
    for (const descriptor of descriptors) {
      if ((await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')) !== real) continue;
      const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'another program')).trim();
      const holder = { pid: Number(pid), name };
      const locks = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8').catch(() => '');
      if (locks.includes('FLOCK')) return holder;
      opener ??= holder;
    }
  }
  return opener;
}

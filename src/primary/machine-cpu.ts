/**
 * How busy the machine's cores were between two readings, from the first line of /proc/stat (proc_stat(5)).
 * `systeminformation.currentLoad` starts a shell for the same file and stands still until that has ended:
 * 5 to 13 ms, twice a second, in which the primary grants nothing. Where there is no /proc it starts none.
 */
import { readFile } from 'node:fs/promises';
import { currentLoad } from 'systeminformation';

/** Clock ticks of all cores since boot. */
interface Ticks {
  readonly busy: number;
  readonly all: number;
}

export class MachineCpu {
  readonly #path: string;
  #before: Ticks = { busy: 0, all: 0 };

  constructor(path = '/proc/stat') {
    this.#path = path;
  }

  /** 0..100, of all cores, since the call before; the first one's since boot. */
  async percent(): Promise<number> {
    const now = ticksOf(await readFile(this.#path, 'utf8').catch(() => ''));
    if (now === null) return (await currentLoad()).currentLoad;
    const { busy, all } = this.#before;
    this.#before = now;
    return now.all > all ? Math.max(0, (100 * (now.busy - busy)) / (now.all - all)) : 0;
  }
}

/** Null where the line is missing. A core that waits for a disk is idle; guests are within `user` and `nice`. */
function ticksOf(text: string): Ticks | null {
  const line = /^cpu +(.+)/.exec(text)?.[1];
  if (line === undefined) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] =
    line.split(' ').map(Number);
  const busy = user + nice + system + irq + softIrq + steal;
  return { busy, all: busy + idle + ioWait };
}

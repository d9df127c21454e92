/**
 * Notices that a file's content may have changed, however that was done: written in place, replaced by
 * rename as editors do, or swapped by a symbolic link as Kubernetes does. It looks twice a second, because
 * notifications of the kernel miss network and overlay file systems and follow the old file of a rename. A
 * change is reported when two looks in a row saw the same, so not in the middle of a write.
 */
import { stat } from 'node:fs/promises';

export interface FileWatchOptions {
  readonly path: string;
  readonly onChange: () => void;
  /** Default 400. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 400;
/** A file that is not there. */
const NOTHING = '';

export class FileWatch {
  readonly #options: FileWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #reported: string | null = null;
  #seen = NOTHING;
  #isLooking = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** Changes count from the first look on. */
  start(): void {
    this.#timer = setInterval(() => void this.#look(), this.#options.intervalMs ?? INTERVAL_MS);
    this.#timer.unref();
    void this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const before = this.#seen;
    this.#seen = await signature(this.#options.path);
    this.#isLooking = false;
    this.#reported ??= this.#seen;
    const isNew = this.#seen !== this.#reported && this.#seen === before;
    // A file that is away is being replaced; one that stays away is no reason to change anything.
    if (!isNew || this.#seen === NOTHING) return;
    this.#reported = this.#seen;
    this.#options.onChange();
  }
}

async function signature(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return NOTHING; // Looked at again in a moment.
  }
}

/**
 * The log level of every process, changed while they run: told to those that are there, and to each that
 * starts later, until it is set back, by hand or when its time is over. A restart of the gateway begins
 * with the configured level again.
 */
import type { LogLevelView, SetLogLevelInput } from '../admin/log-level-input.js';
import { wallMs } from '../kernel/clock.js';

export interface LogLevelsOptions {
  readonly configured: string;
  /** To this process and all others. */
  readonly apply: (level: string) => void;
  readonly log: { info(facts: object, text: string): void };
}

export class LogLevels {
  readonly #options: LogLevelsOptions;
  #configured: string;
  #level: string;
  #timer: NodeJS.Timeout | undefined;
  #resetsAt: string | null = null;

  constructor(options: LogLevelsOptions) {
    this.#options = options;
    this.#configured = options.configured;
    this.#level = options.configured;
  }

  view(): LogLevelView {
    return { level: this.#level, configured: this.#configured, resetsAt: this.#resetsAt };
  }

  /** The configuration says another level from now on; one that was set by hand holds as long as it was to. */
  configure(level: string): void {
    const isByHand = this.#level !== this.#configured;
    if (level === this.#configured) return;
    this.#configured = level;
    if (!isByHand) this.set({ level: null, forSeconds: null });
  }

  /** For a new process, which begins with the configured level: calls back when another one holds. */
  tell(send: (level: string) => void): void {
    if (this.#level !== this.#configured) send(this.#level);
  }

  set({ level, forSeconds }: SetLogLevelInput): LogLevelView {
    this.close();
    if (forSeconds !== null && level !== null) {
      const ms = forSeconds * 1000;
      this.#resetsAt = new Date(wallMs() + ms).toISOString();
      this.#timer = setTimeout(() => {
        this.set({ level: null, forSeconds: null });
      }, ms).unref();
    }
    const before = this.#level;
    this.#level = level ?? this.#configured;
    this.#options.apply(this.#level);
    const { resetsAt } = this.view();
    this.#options.log.info({ before, level: this.#level, resetsAt }, 'the log level was changed');
    return this.view();
  }

  /** Nothing happens by itself any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#resetsAt = null;
  }
}

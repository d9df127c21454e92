/** One line on a terminal that fills up; nothing where standard error is no terminal. */
import { monotonicMs } from '../kernel/clock.js';
import type { CliContext } from './context.js';

export interface ProgressBar {
  /** `done` of the total, and what is at work. */
  show(done: number, what: string): void;
  /** Clears the line. May be called again. */
  end(): void;
}

const WIDTH = 30;
/** Chosen: smooth to the eye, and a terminal over a slow line keeps up. */
const REDRAW_MS = 100;

export function createProgressBar(context: CliContext, total: number): ProgressBar {
  if (context.isTerminal !== true) return { show: () => undefined, end: () => undefined };
  let drawnAtMs = -Infinity;
  let isShown = false;
  return {
    show(done, what) {
      const nowMs = monotonicMs();
      if (nowMs - drawnAtMs < REDRAW_MS && done < total) return;
      drawnAtMs = nowMs;
      isShown = true;
      const ratio = total === 0 ? 1 : Math.min(1, done / total);
      const filled = Math.round(ratio * WIDTH);
      const bar = '#'.repeat(filled).padEnd(WIDTH, '.');
      context.err(`\r\u001b[K[${bar}] ${Math.floor(ratio * 100)} % ${done}/${total} ${what}`);
    },
    end() {
      if (isShown) context.err('\r\u001b[K');
      isShown = false;
    },
  };
}

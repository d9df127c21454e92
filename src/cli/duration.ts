/** Durations as people type them: 90d, 12h, 30m, 45s. */
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Throws CliError (usage) for anything else. `option` names it in the message. */
export function parseSeconds(text: string, option: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new CliError(
    EXIT.usage,
    `${option} must be a duration such as 90d, 12h or 30m, is "${text}"`,
  );
}

/** The two largest units that matter: `3d 4h`, `12m`, `8s`. */
export function formatSeconds(seconds: number): string {
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}

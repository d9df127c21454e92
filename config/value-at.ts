/** Looks into a document of unknown shape by path; only own keys count, so `__proto__` leads nowhere. */
import type { SettingPath } from './problem.js';

export function isRecord(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Undefined where there is nothing. */
export function valueAt(value: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}

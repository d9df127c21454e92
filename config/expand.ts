/**
 * `${NAME}`, `${NAME:-default}` and `${env:NAME}` inside a string, as Claude, Cursor, VS Code and docker compose write
 * them. As in the shell, `:-` also stands in for an empty value. `$${` is a literal `${`.
 */
import type { SettingPath } from './problem.js';

const REFERENCE = /\$(\$\{)|\$\{([^{}]*)\}/g;
const NAME = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

export interface Expansion {
  readonly text: string;
  /** References without a value, as written: `${TOKEN}`. They stay in the text. */
  readonly unresolved: readonly string[];
}

export function expand(text: string, env: Readonly<Record<string, string | undefined>>): Expansion {
  const unresolved: string[] = [];
  const expanded = text.replaceAll(
    REFERENCE,
    (whole: string, escaped: string | undefined, inner: string | undefined) => {
      if (escaped !== undefined) return escaped;
      const [, name = '', fallback] = NAME.exec(inner ?? '') ?? [];
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value === undefined) unresolved.push(whole);
      return value ?? whole;
    },
  );
  return { text: expanded, unresolved };
}

/** Expands every string of a document; `onUnresolved` gets the path of a string and the references in it. */
export function expandAll(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  onUnresolved: (path: SettingPath, references: readonly string[]) => void,
  path: SettingPath = [],
): unknown {
  if (typeof value === 'string') {
    const { text, unresolved } = expand(value, env);
    if (unresolved.length > 0) onUnresolved(path, unresolved);
    return text;
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => expandAll(item, env, onUnresolved, [...path, i]));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      expandAll(item, env, onUnresolved, [...path, key]),
    ]),
  );
}

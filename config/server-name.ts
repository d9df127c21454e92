/**
 * A server's name is a path segment (`/{server}/mcp`), a metric label and a log field: short, no character that any of
 * these would escape, no route the gateway serves itself, and no `__`, which stays free to join server and tool names.
 */
import type { ProblemText } from './problem.js';

export const RESERVED_NAMES = ['health', 'livez', 'readyz', 'metrics', 'dashboard', '.well-known'];

const MAX_LENGTH = 64;
const NAME = /^(?!.*__)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** For the JSON Schema, which has to say both rules in one pattern. */
export const SERVER_NAME_PATTERN = NAME.source.replace(
  '^',
  `^(?!(?:${RESERVED_NAMES.join('|').replaceAll('.', '\\.')})$)`,
);

/** Null when the name can be used. */
export function serverNameProblem(name: string): ProblemText | null {
  if (RESERVED_NAMES.includes(name)) {
    return {
      at: 'key',
      message: 'is a route of the gateway itself; the server needs another name',
    };
  }
  if (NAME.test(name)) return null;
  const usable = name
    .replaceAll(/[^A-Za-z0-9.-]+/g, '-')
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
    .slice(0, MAX_LENGTH);
  return {
    at: 'key',
    message: `is not a usable server name: letters, digits, ".", "-" and single "_", at most ${MAX_LENGTH}, the first a letter or digit`,
    hint: usable === '' ? null : `for example "${usable}"`,
  };
}

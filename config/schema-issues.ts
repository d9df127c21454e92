/**
 * What zod finds, in our words: what the setting wants, its range and unit, what it got, and the nearest name. A value
 * is never quoted unless it is a number, a switch or a wrong choice: text may be a secret.
 */
import type { z } from 'zod';
import { nearest } from './nearest.js';
import { dotted } from './problem.js';
import type { ProblemText, SettingPath } from './problem.js';
import { rangeOf, schemaAt, settings } from './setting-list.js';
import type { SchemaNode } from './setting-list.js';
import { valueAt } from './value-at.js';

type Issue = z.core.$ZodIssue;

export interface Finding {
  readonly path: SettingPath;
  readonly what: ProblemText;
  /** Another setting that this one was probably meant to be, so that its absence is no second problem. */
  readonly meant: SettingPath | null;
}

/** `value` is the document that was checked. */
export function findingsOf(issue: Issue, value: unknown): Finding[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
  return [{ path, what: describe(issue, path, valueAt(value, path)), meant: null }];
}

function describe(issue: Issue, path: SettingPath, got: unknown): ProblemText {
  if (issue.code === 'invalid_key') {
    return { at: 'key', message: issue.issues[0]?.message ?? issue.message };
  }
  const node = schemaAt(path) ?? {};
  if (got === undefined) return { message: `is missing; it must be ${wanted(node)}` };
  if (issue.code === 'invalid_format') {
    return { message: issue.format === 'url' ? `must be ${URL_WANTED}` : issue.message };
  }
  if (issue.code === 'custom') return { message: issue.message };
  if (got === '' && node.enum === undefined) return { message: 'must not be empty' };
  const choices = (node.enum ?? []).map(String);
  return {
    message: `must be ${wanted(node)}, is ${received(got, choices.length > 0)}`,
    hint: typeof got === 'string' ? textHint(got, node, choices) : null,
  };
}

function textHint(got: string, node: SchemaNode, choices: readonly string[]): string | null {
  const choice = nearest(got, choices);
  if (choice !== null) return `did you mean "${choice}"?`;
  const isBare = node.type !== 'string' && /^(?:\d{1,15}|true|false)$/.test(got);
  return isBare ? `write it without quotes: ${got}` : null;
}

const URL_WANTED = 'a URL that begins with http:// or https://';

function wanted(node: SchemaNode): string {
  if (node.enum !== undefined)
    return `one of ${node.enum.map((choice) => JSON.stringify(choice)).join(', ')}`;
  const range = rangeOf(node);
  if (node.type === 'integer' || node.type === 'number') {
    const kind = node.type === 'integer' ? 'a whole number' : 'a number';
    return range === null ? kind : `${kind} from ${range}`;
  }
  return WANTED[node.type ?? 'object'] ?? 'something else';
}

const WANTED: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  string: 'text in quotes',
  array: 'a list [ … ]',
  object: 'an object { … }',
};

function received(got: unknown, isChoice: boolean): string {
  if (Array.isArray(got)) return 'a list';
  if (typeof got === 'string') return isChoice ? JSON.stringify(got.slice(0, 40)) : 'text';
  return typeof got === 'object' && got !== null ? 'an object' : String(got);
}

/** Names that people bring from elsewhere, and that no spelling distance would find. */
const ALIASES: Readonly<Record<string, string>> = {
  disabled: 'enabled',
  type: 'transport',
  serverUrl: 'url',
  httpUrl: 'url',
  timeout: 'requestTimeout',
  logLevel: 'level',
  maxRequestsPerMinute: 'requestsPerMinute',
};

const SECRET_NAMES = /^(jwt|master|encryption|signing)[-_]?(secret|key)$/i;

function unknownKey(parent: SettingPath, key: string): Finding {
  const path = [...parent, key];
  const siblings = Object.keys(schemaAt(parent)?.properties ?? {});
  const alias = Object.hasOwn(ALIASES, key) ? ALIASES[key] : undefined;
  const sibling = siblings.find((name) => name === alias) ?? nearest(key, siblings);
  return {
    path,
    what: { at: 'key', message: 'is not a setting', hint: hintFor(key, parent, sibling, siblings) },
    meant: sibling === null ? null : [...parent, sibling],
  };
}

function hintFor(
  key: string,
  parent: SettingPath,
  sibling: string | null,
  siblings: readonly string[],
): string {
  if (SECRET_NAMES.test(key)) {
    return 'secrets come from the environment: JWT_SECRET, MULTI_MCP_MASTER_KEY, or the same with _FILE';
  }
  if (sibling !== null) return `did you mean "${sibling}"?`;
  const alias = Object.hasOwn(ALIASES, key) ? ALIASES[key] : undefined;
  const elsewhere = settingBelow(parent, alias ?? key) ?? settingBelow([], key);
  if (elsewhere !== undefined) return `did you mean ${dotted(elsewhere)}?`;
  const place = parent.length === 0 ? 'at the top' : 'here';
  return `known ${place}: ${siblings.join(', ')}`;
}

/** Such as a server's `connectionPool.requestTimeout`, where it was written beside `connectionPool`. */
function settingBelow(parent: SettingPath, key: string): SettingPath | undefined {
  for (const { path } of settings()) {
    const isBelow = parent.every((part, index) => path[index] === '*' || path[index] === part);
    const rest = path.slice(parent.length);
    if (isBelow && rest.length > 1 && rest.at(-1) === key && !rest.includes('*')) {
      return [...parent, ...rest];
    }
  }
  return undefined;
}

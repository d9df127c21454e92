/**
 * `Mcp-Param-{Name}`: headers that repeat arguments of a tool call where the tool's `inputSchema` marks
 * a property with `x-mcp-header: Name`. The header must be there and equal the argument, so that
 * whoever routes by the header decides on what the tool will see.
 * Source: MCP 2026-07-28 basic/transports, "Schema Extension" (SEP-2243).
 */
import { decodeHeaderValue, encodingAdvice } from './header-value.js';

export interface ParamHeader {
  /** Keys that lead from `params.arguments` to the value. */
  readonly path: readonly string[];
  /** The `{Name}` of the header, as declared. */
  readonly name: string;
  readonly isNumeric: boolean;
}

const MARK = 'x-mcp-header';
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;
/** Deeper schemas are not walked; their properties need no header. */
const MAX_DEPTH = 32;

/** Keywords with subschemas to which no fixed path of keys leads: a mark there spoils the declaration. */
const ONE_OR_MANY = [
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
] as const;
/** The same, holding subschemas by name. */
const BY_NAME = ['patternProperties', 'dependentSchemas', '$defs', 'definitions'] as const;

/**
 * The headers that a tool's schema demands; none when a mark breaks the rules, because no client can
 * then be expected to send them. (A mark on a `number` is against the rules too, but is honoured, as
 * the SDK's servers do.)
 */
export function paramHeadersOf(inputSchema: unknown): readonly ParamHeader[] {
  const found: ParamHeader[] = [];
  const names = new Set<string>();
  const isValid = walk(inputSchema, [], { found, names });
  return isValid ? found : [];
}

interface Walk {
  readonly found: ParamHeader[];
  /** Lower case: header names must differ in more than case. */
  readonly names: Set<string>;
}

/** `path` is null below a keyword that no fixed path passes. False as soon as one mark breaks a rule. */
function walk(schema: unknown, path: readonly string[] | null, state: Walk, depth = 0): boolean {
  if (!isRecord(schema) || depth > MAX_DEPTH) return true;
  if (MARK in schema && !take(schema, path, state)) return false;
  const properties = schema['properties'];
  if (isRecord(properties)) {
    for (const [key, child] of Object.entries(properties)) {
      if (!walk(child, path === null ? null : [...path, key], state, depth + 1)) return false;
    }
  }
  return hiddenSchemas(schema).every((child) => walk(child, null, state, depth + 1));
}

function hiddenSchemas(schema: Record<string, unknown>): unknown[] {
  const found: unknown[] = [];
  for (const keyword of ONE_OR_MANY) {
    const value = schema[keyword];
    if (Array.isArray(value)) found.push(...(value as unknown[]));
    else if (value !== undefined) found.push(value);
  }
  for (const keyword of BY_NAME) {
    const value = schema[keyword];
    if (isRecord(value)) found.push(...Object.values(value));
  }
  return found;
}

function take(
  schema: Record<string, unknown>,
  path: readonly string[] | null,
  state: Walk,
): boolean {
  const name = schema[MARK];
  const type = schema['type'];
  if (path === null || path.length === 0) return false;
  if (typeof name !== 'string' || !TOKEN.test(name)) return false;
  if (type !== 'string' && type !== 'boolean' && type !== 'integer' && type !== 'number') {
    return false;
  }
  const lower = name.toLowerCase();
  if (state.names.has(lower)) return false;
  state.names.add(lower);
  state.found.push({ path, name, isNumeric: type === 'integer' || type === 'number' });
  return true;
}

/**
 * What is wrong with a call's headers, as one sentence for the client; null when nothing is.
 * `header` finds a value by lower-case name. An argument that is absent or null needs no header.
 */
export function paramHeaderFault(
  declared: readonly ParamHeader[],
  args: unknown,
  header: (name: string) => string | undefined,
): string | null {
  for (const each of declared) {
    const value = valueAt(args, each.path);
    const expected = headerText(value);
    if (expected === null) continue;
    const name = `Mcp-Param-${each.name}`;
    const sent = header(name.toLowerCase())?.trim();
    if (sent === undefined) return `${name} is missing.`;
    const decoded = decodeHeaderValue(sent);
    if (decoded === null) return `${name} is not valid base64 of UTF-8.`;
    if (decoded === expected) continue;
    const isSameNumber =
      each.isNumeric &&
      typeof value === 'number' &&
      DECIMAL.test(decoded) &&
      Number(decoded) === value;
    if (isSameNumber) continue;
    return `${name} differs from the argument "${each.path.join('.')}".${encodingAdvice(expected)}`;
  }
  return null;
}

/** How a client writes the argument; null where no header is expected. */
function headerText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return null;
  // Beyond 2^53 the parsed value is not what was sent: it cannot be judged.
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? null : String(value);
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let node = root;
  for (const key of path) {
    if (!isRecord(node) || !Object.hasOwn(node, key)) return undefined;
    node = node[key];
  }
  return node;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

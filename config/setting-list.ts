/**
 * The settings as data, read from the JSON Schema that zod generates of schema.ts: which keys exist at a path, and for
 * each setting its type, range, default, environment variable and sentence. Error messages, environment overrides and
 * the generated documents all ask here, so none of them can know a setting that the schema does not.
 */
import { z } from 'zod';
import type { SettingPath } from './problem.js';
import { configFile } from './schema.js';

/** The part of draft-7 that schema.ts makes use of, plus our own `unit` and `env`. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
  /** The environment variable that beats the file. */
  readonly env?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | false;
  readonly items?: SchemaNode;
}

export interface Setting {
  /** `*` stands for a name the user chooses, such as a server's, or for each element of a list. */
  readonly path: readonly string[];
  readonly node: SchemaNode;
}

let root: SchemaNode | undefined;

export function schemaRoot(): SchemaNode {
  // Generating it takes some milliseconds, which a start without problems need not pay twice.
  return (root ??= toSchemaNode(z.toJSONSchema(configFile, { target: 'draft-7', io: 'input' })));
}

function toSchemaNode(value: unknown): SchemaNode {
  if (!isSchemaNode(value)) throw new TypeError('zod gave no JSON Schema');
  return value;
}

function isSchemaNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null;
}

/** Null where the schema has no such setting. */
export function schemaAt(path: SettingPath): SchemaNode | null {
  let node: SchemaNode | undefined = schemaRoot();
  for (const key of path) {
    node = typeof key === 'number' ? node.items : child(node, key);
    if (node === undefined) return null;
  }
  return node;
}

function child(node: SchemaNode, key: string): SchemaNode | undefined {
  const { properties = {}, additionalProperties } = node;
  if (Object.hasOwn(properties, key)) return properties[key];
  return additionalProperties === false ? undefined : additionalProperties;
}

/** Every setting that is not itself a group, in the schema's order. */
export function settings(): Setting[] {
  return leaves(schemaRoot(), []);
}

function leaves(node: SchemaNode, path: readonly string[]): Setting[] {
  const named = Object.entries(node.properties ?? {});
  if (named.length > 0) return named.flatMap(([key, inner]) => leaves(inner, [...path, key]));
  const { additionalProperties } = node;
  // A record of objects is a group of chosen names; a record of texts, such as headers, is one setting.
  const isGroup = additionalProperties !== undefined && additionalProperties !== false;
  if (isGroup && additionalProperties.properties !== undefined) {
    return leaves(additionalProperties, [...path, '*']);
  }
  const setting = { path, node };
  const { items } = node;
  return items?.properties === undefined ? [setting] : [setting, ...leaves(items, [...path, '*'])];
}

/** `1 to 65535`, `at least 1`, or null for a setting without a range; with its unit. */
export function rangeOf({ minimum, maximum, unit }: SchemaNode): string | null {
  if (minimum === undefined || maximum === undefined) return null;
  return `${minimum} to ${maximum}${unit === undefined || unit === 'ratio' ? '' : ` ${unit}`}`;
}

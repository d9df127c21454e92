/**
 * The environment beats the file (twelve-factor): each setting that schema.ts marks with `env` is taken from there when
 * it is set and not empty. Secrets come from nowhere else, directly or as `NAME_FILE` (Docker and systemd secrets).
 */
import { readFileSync, statSync } from 'node:fs';
import type { SecretsConfig } from './config.js';
import type { ProblemText, SettingPath } from './problem.js';
import { rangeOf, settings } from './setting-list.js';
import type { Setting } from './setting-list.js';
import { isRecord, valueAt } from './value-at.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `name` is the variable to blame. */
export type ReportVariable = (name: string, what: ProblemText) => void;

/** An HS256 key as long as its hash (RFC 7518 §3.2). */
const MIN_SECRET_BYTES = 32;
const MAX_SECRET_BYTES = 16_384;
const MAKE_SECRET = 'make one with: openssl rand -base64 48';

/** Long enough and still published: placeholders of READMEs and .env examples. */
const PLACEHOLDER =
  /change.?(?:me|this|it|in)|your.?(?:super|secret|jwt|256)|placeholder|^(.)\1*$/i;

export interface Overridden {
  /** A copy of the document with the variables' values in it. */
  readonly value: unknown;
  /** The settings that came from a variable. */
  readonly overrides: readonly { readonly path: SettingPath; readonly variable: string }[];
}

export function overrideFromEnvironment(
  value: unknown,
  env: Environment,
  report: ReportVariable,
): Overridden {
  const copy = structuredClone(value);
  const overrides: Overridden['overrides'][number][] = [];
  for (const setting of settings()) {
    const name = setting.node.env;
    if (name === undefined) continue;
    const found = variable(env, name, report);
    if (found === null) continue;
    const converted = convert(setting, found.text);
    if (converted === undefined) {
      const range = rangeOf(setting.node) ?? '';
      const got = JSON.stringify(found.text.slice(0, 40));
      report(found.name, { message: `must be a whole number from ${range}, is ${got}` });
    } else if (assign(copy, setting.path, converted)) {
      overrides.push({ path: setting.path, variable: found.name });
    }
  }
  return { value: copy, overrides };
}

/** `warn` hears of secrets that are set and empty: they count as not set. */
export function secretsFromEnvironment(
  env: Environment,
  { report, warn }: { readonly report: ReportVariable; readonly warn: ReportVariable },
): SecretsConfig {
  const secret = (name: string) => {
    if (env[name] === '') warn(name, { message: 'is set, but empty: as good as not set' });
    return secretFrom(variable(env, name, report), report);
  };
  return {
    jwtSecret: secret('JWT_SECRET'),
    jwtSecretPrevious: secret('JWT_SECRET_PREVIOUS'),
    masterKey: secret('MULTI_MCP_MASTER_KEY'),
    masterKeyPrevious: secret('MULTI_MCP_MASTER_KEY_PREVIOUS'),
  };
}

function secretFrom(found: Variable | null, report: ReportVariable): string | null {
  if (found === null) return null;
  const size = Buffer.byteLength(found.text);
  if (size < MIN_SECRET_BYTES) {
    const message = `is too short: ${size} bytes, and a secret needs ${MIN_SECRET_BYTES}`;
    report(found.name, { message, hint: MAKE_SECRET });
  } else if (PLACEHOLDER.test(found.text)) {
    report(found.name, { message: 'is a placeholder that anyone can guess', hint: MAKE_SECRET });
  }
  return found.text;
}

interface Variable {
  /** As set: with `_FILE` when that is where it came from. */
  readonly name: string;
  readonly text: string;
}

/** The variable itself, or what its `_FILE` twin points at; empty counts as not set. */
function variable(env: Environment, name: string, report: ReportVariable): Variable | null {
  const direct = env[name] ?? '';
  const file = FILE_VARIANTS.has(name) ? (env[`${name}_FILE`] ?? '') : '';
  if (direct !== '' && file !== '') {
    report(name, { message: `is set, and so is ${name}_FILE`, hint: 'unset one of them' });
  }
  if (direct !== '') return { name, text: direct };
  if (file === '') return null;
  const text = secretFile(`${name}_FILE`, file, report);
  return text === null ? null : { name: `${name}_FILE`, text };
}

const FILE_VARIANTS = new Set([
  'JWT_SECRET',
  'JWT_SECRET_PREVIOUS',
  'MULTI_MCP_MASTER_KEY',
  'MULTI_MCP_MASTER_KEY_PREVIOUS',
  'MONGODB_URI',
]);

function secretFile(name: string, file: string, report: ReportVariable): string | null {
  try {
    if (statSync(file).size > MAX_SECRET_BYTES) {
      report(name, { message: `points at ${file}, which is too large to be a secret` });
      return null;
    }
    // Editors and `echo` end the file with a newline that is no part of the secret.
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (text === '') report(name, { message: `points at ${file}, which is empty` });
    return text === '' ? null : text;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report(name, { message: `cannot be read: ${reason}` });
    return null;
  }
}

/** Undefined when a number is wanted and the text is none. */
function convert({ node }: Setting, text: string): string | number | undefined {
  if (node.type === 'integer') return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return node.enum === undefined ? text : text.toLowerCase();
}

/** False when the file has no object where the setting's group should be; the schema says so. */
function assign(target: unknown, path: readonly string[], value: string | number): boolean {
  const [group = '', key = ''] = path;
  const existing = valueAt(target, [group]) ?? {};
  if (!isRecord(target) || !isRecord(existing) || Array.isArray(existing)) return false;
  target[group] = { ...existing, [key]: value };
  return true;
}

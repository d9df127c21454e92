/**
 * Every setting with the value that counts and where it came from, for the dashboard. By the names of the file, not
 * those inside the program; whatever may be a credential is masked.
 */
import type { SettingPath } from './problem.js';
import { dotted } from './problem.js';
import { REDACTED } from './redact.js';
import type { SettingSources } from './setting-sources.js';
import { settings } from './setting-list.js';
import { isRecord, valueAt } from './value-at.js';

export interface EffectiveSetting {
  /** Dotted, as in the file; a server is one entry. */
  readonly name: string;
  /** JSON; null where nothing is set and the absence means something. */
  readonly value: unknown;
  readonly unit: string | null;
  /** `file:line`, the name of a variable, or `default`. */
  readonly source: string;
  readonly description: string;
}

/** `file`: the document after expansion, environment and defaults. */
export function effectiveSettings(
  file: unknown,
  sources: SettingSources,
  shownPath: string,
): readonly EffectiveSetting[] {
  const fixed = settings()
    .filter(({ path }) => !path.includes('*') && path[0] !== '$schema')
    .map(({ path, node }) => ({
      name: dotted(path),
      value: masked(valueAt(file, path) ?? null, path),
      unit: node.unit ?? null,
      source: describeSource(sources, dotted(path), shownPath),
      description: node.description ?? '',
    }));
  const servers = ['servers', 'mcpServers'].flatMap((group) => {
    const entries = valueAt(file, [group]);
    return Object.entries(isRecord(entries) ? entries : {}).map(([name, entry]) => ({
      name: dotted([group, name]),
      value: masked(entry, [group, name]),
      unit: null,
      source: describeSource(sources, dotted([group, name]), shownPath),
      description: 'An MCP server.',
    }));
  });
  return [...fixed, ...servers];
}

function describeSource(sources: SettingSources, name: string, shownPath: string): string {
  const source = sources[name];
  if (source === undefined || source.from === 'default') return 'default';
  return source.from === 'file' ? `${shownPath}:${source.line}` : source.variable;
}

/** Values of these are the operator's own: any of them may be a credential. */
const MASKED_RECORDS = new Set(['headers', 'http_headers', 'env']);
const SECRET_NAME = /secret|token$|password|apikey|api_key|private/i;

function masked(value: unknown, path: SettingPath): unknown {
  const key = String(path.at(-1) ?? '');
  if (typeof value === 'string') return maskedText(value, key, path);
  if (Array.isArray(value)) return value.map((item) => masked(item, path));
  if (!isRecord(value)) return value;
  const isMasked = MASKED_RECORDS.has(key);
  return Object.fromEntries(
    Object.entries(value).map(([inner, each]) => [
      inner,
      isMasked ? REDACTED : masked(each, [...path, inner]),
    ]),
  );
}

function maskedText(value: string, key: string, path: SettingPath): string {
  if (SECRET_NAME.test(key)) return REDACTED;
  // The path of a chat webhook is its password.
  if (path.includes('webhook') && URL.canParse(value))
    return `${new URL(value).origin}/${REDACTED}`;
  return value
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#@]*@/i, `$1${REDACTED}@`)
    .replace(/^(https?:\/\/[^?]*)\?.*$/is, `$1?${REDACTED}`);
}

/**
 * What a tool promised to be, in one canonical text: name, title, description, schemas and annotations with
 * sorted keys, so that only a real change is a change. Its hash is what is pinned, its lines are what is shown.
 * Why: a server may change what a tool says it does after somebody approved it (RELIABILITY §6, threat 8).
 */
import { createHash } from 'node:crypto';
import { memberOf } from './message-members.js';

const MEMBERS = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'];

export interface ToolDefinition {
  readonly name: string;
  /** SHA-256 of the canonical text, hex. */
  readonly hash: string;
  /** JSON on lines of its own for each member. */
  readonly text: string;
}

/** The tools of a `tools/list` answer; empty for any other message. Throws a SyntaxError for what is not JSON. */
export function toolDefinitions(message: Buffer): readonly ToolDefinition[] {
  if (!message.includes('"tools"')) return [];
  const body: unknown = JSON.parse(message.toString());
  const tools = memberOf(memberOf(body, 'result'), 'tools');
  return Array.isArray(tools) ? (tools as unknown[]).flatMap(definitionOf) : [];
}

function definitionOf(tool: unknown): ToolDefinition[] {
  const name = memberOf(tool, 'name');
  if (typeof name !== 'string') return [];
  const promised = MEMBERS.map((member) => [member, canonical(memberOf(tool, member))]);
  const text = JSON.stringify(Object.fromEntries(promised), null, 2);
  return [{ name, text, hash: createHash('sha256').update(text).digest('hex') }];
}

/** The same value with the keys of every object sorted; what is absent stays absent. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  // Entries, not assignment: a key such as __proto__ must stay an own key.
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, canonical(each)]));
}

const MAX_DIFF_LINES = 40;
const MAX_LINE_CHARS = 400;

/** The lines that differ, `-` before and `+` after, without the equal ones around them; bounded. */
export function definitionDiff(before: string, after: string): string {
  const old = before.split('\n');
  const now = after.split('\n');
  let start = 0;
  while (start < old.length && old[start] === now[start]) start += 1;
  let end = 0;
  const shorter = Math.min(old.length, now.length) - start;
  while (end < shorter && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  return [
    ...shown('-', old.slice(start, old.length - end)),
    ...shown('+', now.slice(start, now.length - end)),
  ].join('\n');
}

function shown(sign: string, lines: readonly string[]): string[] {
  const cut = lines
    .slice(0, MAX_DIFF_LINES)
    .map((line) => `${sign} ${visible(line.trimStart()).slice(0, MAX_LINE_CHARS)}`);
  return lines.length > MAX_DIFF_LINES
    ? [...cut, `${sign} (${lines.length - MAX_DIFF_LINES} more lines)`]
    : cut;
}

/** Characters that hide text from people but not from models are shown by their number. */
function visible(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Cf}\u{e0000}-\u{e007f}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

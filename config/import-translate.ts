/** One server's entry in another program's words → in ours. What has no word here is noted. */
import { clientEntry } from './server-schema.js';
import type { ProblemText, SettingPath } from './problem.js';
import { isRecord } from './value-at.js';

export type Note = (keys: SettingPath, what: ProblemText) => void;
export type Entry = Record<string, unknown>;

/** What means the same under another name. */
const SAME: Readonly<Record<string, string>> = {
  serverUrl: 'url',
  httpUrl: 'url',
  http_headers: 'headers',
};

const TRANSPORTS: Readonly<Record<string, 'http' | 'sse' | null>> = {
  stdio: null,
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  sse: 'sse',
};

/** Lists of tool names in Gemini, Windsurf and Cline. */
const TOOL_LISTS: Readonly<Record<string, 'allow' | 'deny'>> = {
  includeTools: 'allow',
  excludeTools: 'deny',
  disabledTools: 'deny',
};

/** What is known of keys that are not taken over. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  timeout: 'connectionPool.requestTimeout is the time for one answer here, in ms',
  tool_timeout_sec: 'connectionPool.requestTimeout is the time for one answer here, in ms',
  alwaysAllow: 'clients ask their users; the gateway restricts with "tools"',
  autoApprove: 'clients ask their users; the gateway restricts with "tools"',
  trust: 'clients ask their users; the gateway restricts with "tools"',
  envFile: 'load it into the environment of the gateway, and refer to the variables as ${NAME}',
  oauth: 'the gateway has its own: docs/access.md',
};

const KEPT = new Set([...Object.keys(clientEntry.shape), 'transport', 'module']);
const SWITCHES = new Set(['disabled', 'enabled']);
const TRANSPORT_KEYS = new Set(['type', 'transportType', 'transport']);
const STRING_VALUES = new Set(['env', 'headers']);

export function translateEntry(foreign: unknown, note: Note): Entry {
  if (!isRecord(foreign) || Array.isArray(foreign)) {
    note([], { message: 'is no object { … }, so no server' });
    return {};
  }
  const entry: Entry = {};
  const isOff = foreign['disabled'] === true || foreign['enabled'] === false;
  if (isOff) entry['enabled'] = false;
  for (const [key, value] of Object.entries(foreign)) translateKey(entry, key, value, note);
  // The gateway tells them apart by what is there; only HTTP+SSE has to be said.
  if (entry['transport'] === 'http') delete entry['transport'];
  return entry;
}

function translateKey(entry: Entry, key: string, value: unknown, note: Note): void {
  if (SWITCHES.has(key)) return;
  if (TRANSPORT_KEYS.has(key)) {
    setTransport(entry, key, value, note);
    return;
  }
  const list = own(TOOL_LISTS, key);
  if (list !== undefined) {
    if (Array.isArray(value) && value.length > 0) addTools(entry, list, value);
    return;
  }
  const name = own(SAME, key) ?? key;
  if (KEPT.has(name)) {
    entry[name] = STRING_VALUES.has(name) ? asTexts(value) : value;
    return;
  }
  const hint = own(ELSEWHERE, key) ?? null;
  note([key], { at: 'key', message: 'is a setting of some client; not taken over', hint });
}

function setTransport(entry: Entry, key: string, value: unknown, note: Note): void {
  const transport = typeof value === 'string' ? own(TRANSPORTS, value) : undefined;
  if (transport === undefined) note([key], { message: 'is no transport that is known here' });
  else if (transport !== null) entry['transport'] = transport;
}

/** What the table itself has, not what every object has. */
function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function addTools(entry: Entry, list: 'allow' | 'deny', names: readonly unknown[]): void {
  const tools = isRecord(entry['tools']) ? entry['tools'] : {};
  entry['tools'] = { ...tools, [list]: names };
}

/** Clients take numbers and switches for variables too. */
function asTexts(value: unknown): unknown {
  if (!isRecord(value) || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      typeof each === 'number' || typeof each === 'boolean' ? String(each) : each,
    ]),
  );
}

/**
 * What may stand in a new key or token, whoever asks for it, and the reading of such a request from JSON.
 * Every refusal is GW_BAD_REQUEST with a sentence that names the member.
 */
import { serverNameProblem } from '../../config/server-name.js';
import { isUserName } from '../gateway/token-claims.js';
import { GatewayError } from '../kernel/errors.js';
import type { CreateKeyInput, ListKeysInput, MintTokenInput } from './operations.js';

const MAX_LABEL_CHARS = 128;
const MAX_SERVERS = 256;
/** Ten years: further ahead is a typing error, and dates would run out of their format. */
const MAX_KEY_SECONDS = 315_360_000;

export function checkKeyInput(input: CreateKeyInput): void {
  checkUser(input.user);
  checkServers(input.servers);
  if (input.label.length > MAX_LABEL_CHARS || /\p{Cc}|\p{Surrogate}/u.test(input.label)) {
    throw refused(`label must be printable and at most ${MAX_LABEL_CHARS} characters`);
  }
  if (input.expiresInSeconds !== null) checkSeconds(input.expiresInSeconds, MAX_KEY_SECONDS);
}

export function checkTokenInput(input: MintTokenInput, maxSeconds: number): void {
  checkUser(input.user);
  checkServers(input.servers);
  checkSeconds(input.expiresInSeconds, maxSeconds);
}

function checkUser(user: string): void {
  if (!isUserName(user)) throw refused('user must be 1 to 256 printable characters');
}

function checkServers(servers: readonly string[] | null): void {
  if (servers === null) return;
  if (servers.length === 0) throw refused('servers must name at least one; leave it out for all');
  if (servers.length > MAX_SERVERS) throw refused(`servers must be at most ${MAX_SERVERS}`);
  for (const server of servers) {
    if (serverNameProblem(server) !== null) {
      throw refused(`servers: ${JSON.stringify(server)} is no usable server name`);
    }
  }
}

function checkSeconds(seconds: number, max: number): void {
  if (Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= max) return;
  throw refused(`expiresInSeconds must be a whole number from 1 to ${max}`);
}

export function readKeyInput(json: unknown): CreateKeyInput {
  const members = membersOf(json, ['user', 'servers', 'isAdmin', 'label', 'expiresInSeconds']);
  return {
    user: textIn(members, 'user'),
    servers: serversIn(members),
    isAdmin: flagIn(members, 'isAdmin'),
    label: members['label'] === undefined ? '' : textIn(members, 'label'),
    expiresInSeconds: optionalNumberIn(members, 'expiresInSeconds'),
  };
}

export function readTokenInput(json: unknown): MintTokenInput {
  const members = membersOf(json, ['user', 'servers', 'expiresInSeconds']);
  const expiresInSeconds = optionalNumberIn(members, 'expiresInSeconds');
  if (expiresInSeconds === null) throw refused('expiresInSeconds is missing');
  return { user: textIn(members, 'user'), servers: serversIn(members), expiresInSeconds };
}

export function readListInput(query: URLSearchParams): ListKeysInput {
  const limit = query.get('limit');
  return {
    afterId: query.get('afterId') ?? undefined,
    limit: limit === null ? undefined : Number(limit),
  };
}

type Members = Readonly<Record<string, unknown>>;

/** Unknown members are refused: a misspelt `servers` must not make a key for every server. */
function membersOf(json: unknown, known: readonly string[]): Members {
  if (!isMembers(json)) throw refused('the body must be a JSON object');
  const unknown = Object.keys(json).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw refused(`unknown member ${JSON.stringify(unknown)}; known: ${known.join(', ')}`);
  }
  return json;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textIn(members: Members, name: string): string {
  const value = members[name];
  if (typeof value !== 'string') throw refused(`${name} must be a text`);
  return value;
}

function flagIn(members: Members, name: string): boolean {
  const value = members[name] ?? false;
  if (typeof value !== 'boolean') throw refused(`${name} must be true or false`);
  return value;
}

function optionalNumberIn(members: Members, name: string): number | null {
  const value = members[name] ?? null;
  if (value !== null && typeof value !== 'number') throw refused(`${name} must be a number`);
  return value;
}

function serversIn(members: Members): readonly string[] | null {
  const value: unknown = members['servers'] ?? null;
  if (value === null) return null;
  if (!Array.isArray(value)) throw refused('servers must be a list of names');
  return value.map((name: unknown) => {
    if (typeof name !== 'string') throw refused('servers must be a list of names');
    return name;
  });
}

function refused(sentence: string): GatewayError {
  return new GatewayError('GW_BAD_REQUEST', { hint: `${sentence}.` });
}

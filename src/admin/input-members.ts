/** Reading an admin request's JSON object member by member; every refusal names the member. */
import { isUserName } from '../gateway/token-claims.js';
import { GatewayError } from '../kernel/errors.js';

export type Members = Readonly<Record<string, unknown>>;

/** Unknown members are refused: a misspelt `servers` must not make a key for every server. */
export function membersOf(json: unknown, known: readonly string[], name = 'the body'): Members {
  if (!isMembers(json)) throw refused(`${name} must be a JSON object`);
  const unknown = Object.keys(json).find((member) => !known.includes(member));
  if (unknown !== undefined) {
    throw refused(`unknown member ${JSON.stringify(unknown)}; known: ${known.join(', ')}`);
  }
  return json;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textIn(members: Members, name: string): string {
  const value = members[name];
  if (typeof value !== 'string') throw refused(`${name} must be a text`);
  return value;
}

/** False when absent. */
export function flagIn(members: Members, name: string): boolean {
  const value = members[name] ?? false;
  if (typeof value !== 'boolean') throw refused(`${name} must be true or false`);
  return value;
}

/** Null when absent. */
export function optionalNumberIn(members: Members, name: string): number | null {
  const value = members[name] ?? null;
  if (value !== null && typeof value !== 'number') throw refused(`${name} must be a number`);
  return value;
}

export function textsIn(members: Members, name: string): readonly string[] {
  const value: unknown = members[name];
  if (!Array.isArray(value)) throw refused(`${name} must be a list of names`);
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw refused(`${name} must be a list of names`);
    return item;
  });
}

export function checkUser(user: string): void {
  if (!isUserName(user)) throw refused('user must be 1 to 256 printable characters');
}

export function refused(sentence: string): GatewayError {
  return new GatewayError('GW_BAD_REQUEST', { hint: `${sentence}.` });
}

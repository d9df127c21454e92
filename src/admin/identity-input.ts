/**
 * What may stand in a new key or token, whoever asks for it, and the reading of such a request from JSON.
 * Every refusal is GW_BAD_REQUEST with a sentence that names the member.
 */
import { serverNameProblem } from '../../config/server-name.js';
import { checkLimits, checkToolRules, limitsIn, toolRulesIn } from './access-input.js';
import {
  checkUser,
  flagIn,
  membersOf,
  optionalNumberIn,
  refused,
  textIn,
  textsIn,
  type Members,
} from './input-members.js';
import type {
  CreateKeyInput,
  ListKeysInput,
  MintTokenInput,
  UpdateKeyInput,
} from './operations.js';

const MAX_LABEL_CHARS = 128;
const MAX_SERVERS = 256;
/** Ten years: further ahead is a typing error, and dates would run out of their format. */
const MAX_KEY_SECONDS = 315_360_000;

export function checkKeyInput(input: CreateKeyInput): void {
  checkUser(input.user);
  checkKeyChange(input);
}

/** Each member that is there; a change of nothing is refused. */
export function checkKeyChange(input: UpdateKeyInput): void {
  const { servers, tools, limits, label, expiresInSeconds } = input;
  if (Object.keys(input).length === 0) throw refused('there is nothing to change');
  if (servers !== undefined) checkServers(servers);
  if (tools !== undefined) checkToolRules(tools);
  if (limits !== undefined) checkLimits(limits);
  if (label !== undefined) checkLabel(label);
  if (expiresInSeconds !== undefined && expiresInSeconds !== null) {
    checkSeconds(expiresInSeconds, MAX_KEY_SECONDS);
  }
}

export function checkTokenInput(input: MintTokenInput, maxSeconds: number): void {
  checkUser(input.user);
  checkServers(input.servers);
  checkSeconds(input.expiresInSeconds, maxSeconds);
}

function checkLabel(label: string): void {
  if (label.length > MAX_LABEL_CHARS || /\p{Cc}|\p{Surrogate}/u.test(label)) {
    throw refused(`label must be printable and at most ${MAX_LABEL_CHARS} characters`);
  }
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

const CHANGEABLE = ['servers', 'tools', 'limits', 'label', 'expiresInSeconds'] as const;

export function readKeyInput(json: unknown): CreateKeyInput {
  const members = membersOf(json, ['user', 'isAdmin', ...CHANGEABLE]);
  return {
    user: textIn(members, 'user'),
    servers: serversIn(members),
    tools: toolRulesIn(members),
    limits: limitsIn(members),
    isAdmin: flagIn(members, 'isAdmin'),
    label: members['label'] === undefined ? '' : textIn(members, 'label'),
    expiresInSeconds: optionalNumberIn(members, 'expiresInSeconds'),
  };
}

export function readKeyChange(json: unknown): UpdateKeyInput {
  const members = membersOf(json, CHANGEABLE);
  return {
    ...('servers' in members && { servers: serversIn(members) }),
    ...('tools' in members && { tools: toolRulesIn(members) }),
    ...('limits' in members && { limits: limitsIn(members) }),
    ...('label' in members && { label: textIn(members, 'label') }),
    ...('expiresInSeconds' in members && {
      expiresInSeconds: optionalNumberIn(members, 'expiresInSeconds'),
    }),
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

function serversIn(members: Members): readonly string[] | null {
  return members['servers'] == null ? null : textsIn(members, 'servers');
}

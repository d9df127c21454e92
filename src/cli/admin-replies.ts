/**
 * Reading what the gateway answered. Command line and gateway may be of different releases on the day of an
 * upgrade: a document of another shape is an error that says so, not an `undefined` on the screen.
 */
import type { AuditView } from '../admin/grant-operations.js';
import type { Grant } from '../store/grants.js';
import { callLimitsIn, toolRulesIn } from '../store/access-rules.js';
import type {
  CreatedKey,
  KeyView,
  MintedToken,
  ServerTestReport,
  ServerTestStep,
  ServerView,
  StatusView,
} from '../admin/operations.js';
import type { ReloadReport, RestartReport, RestartState } from '../admin/lifecycle-operations.js';
import type { AddedServer } from '../admin/server-operations.js';
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';

type Guard<Type> = (value: unknown) => value is Type;

/** Throws CliError when the document is not of the shape. */
export function expect<Type>(guard: Guard<Type>, json: unknown): Type {
  if (guard(json)) return json;
  throw new CliError(
    EXIT.software,
    'The gateway answers in another shape than this command knows: are they of the same release?',
  );
}

export function listOf<Type>(guard: Guard<Type>): Guard<readonly Type[]> {
  return (value): value is readonly Type[] => Array.isArray(value) && value.every(guard);
}

export function isKeyView(value: unknown): value is KeyView {
  return (
    isRecord(value) &&
    hasTexts(value, ['id', 'user', 'label', 'createdAt']) &&
    hasOptionalTexts(value, ['expiresAt', 'revokedAt', 'lastUsedAt']) &&
    typeof value['isAdmin'] === 'boolean' &&
    typeof value['useCount'] === 'number' &&
    isAccess(value) &&
    (value['servers'] === null || isTexts(value['servers']))
  );
}

function isAccess(value: Readonly<Record<string, unknown>>): boolean {
  try {
    toolRulesIn(value['tools']);
    callLimitsIn(value['limits']);
    return true;
  } catch {
    return false; // Another shape: `expect` says so.
  }
}

export function isKeyUpdate(value: unknown): value is { readonly key: KeyView | null } {
  return isRecord(value) && (value['key'] === null || isKeyView(value['key']));
}

export function isCreatedKey(value: unknown): value is CreatedKey {
  return isKeyView(value) && 'key' in value && typeof value.key === 'string';
}

export function isRevocation(value: unknown): value is { readonly revoked: boolean } {
  return isRecord(value) && typeof value['revoked'] === 'boolean';
}

export function isRemoval(value: unknown): value is { readonly removed: boolean } {
  return isRecord(value) && typeof value['removed'] === 'boolean';
}

export function isGrant(value: unknown): value is Grant {
  return (
    isRecord(value) &&
    hasTexts(value, ['user', 'server', 'updatedAt']) &&
    (value['effect'] === 'allow' || value['effect'] === 'deny') &&
    isAccess(value)
  );
}

export function isAuditView(value: unknown): value is AuditView {
  return (
    isRecord(value) &&
    hasTexts(value, ['id', 'at', 'actor', 'action', 'target']) &&
    isRecord(value['detail'])
  );
}

export function isMintedToken(value: unknown): value is MintedToken {
  return isRecord(value) && hasTexts(value, ['token', 'expiresAt']);
}

export function isServerView(value: unknown): value is ServerView {
  return (
    isRecord(value) &&
    hasTexts(value, ['name', 'kind', 'state']) &&
    hasOptionalTexts(value, ['detail']) &&
    typeof value['enabled'] === 'boolean'
  );
}

export function isAddedServer(value: unknown): value is AddedServer {
  return (
    isRecord(value) &&
    hasTexts(value, ['name', 'kind', 'from', 'url']) &&
    typeof value['enabled'] === 'boolean' &&
    typeof value['replaced'] === 'boolean' &&
    isTexts(value['warnings'])
  );
}

export function isServerSwitch(value: unknown): value is { readonly changed: boolean } {
  return isRecord(value) && typeof value['changed'] === 'boolean';
}

export function isTestReport(value: unknown): value is ServerTestReport {
  return (
    isRecord(value) &&
    hasTexts(value, ['server', 'state']) &&
    hasOptionalTexts(value, ['advice']) &&
    typeof value['ok'] === 'boolean' &&
    listOf(isTestStep)(value['steps'])
  );
}

function isTestStep(value: unknown): value is ServerTestStep {
  return (
    isRecord(value) &&
    hasTexts(value, ['step']) &&
    hasOptionalTexts(value, ['detail']) &&
    typeof value['ok'] === 'boolean' &&
    typeof value['durationMs'] === 'number'
  );
}

export function isStatusView(value: unknown): value is StatusView {
  return (
    isRecord(value) &&
    hasTexts(value, ['status', 'version', 'url', 'store']) &&
    ['pid', 'uptimeSeconds', 'workers'].every((name) => typeof value[name] === 'number') &&
    listOf(isServerView)(value['servers']) &&
    isTexts(value['alerts']) &&
    isTexts(value['machines'] ?? []) &&
    isFormerKeyCounts(value['onFormerMasterKey'] ?? null)
  );
}

function isFormerKeyCounts(value: unknown): boolean {
  if (value === null) return true;
  const counts = ['apiKeys', 'credentials', 'servers'];
  return isRecord(value) && counts.every((name) => typeof value[name] === 'number');
}

export function isServerRestart(value: unknown): value is { readonly restarted: boolean } {
  return isRecord(value) && typeof value['restarted'] === 'boolean';
}

export function isReloadReport(value: unknown): value is ReloadReport {
  return (
    isRecord(value) &&
    typeof value['ok'] === 'boolean' &&
    typeof value['version'] === 'number' &&
    hasTexts(value, ['summary']) &&
    ['workersReplacedFor', 'restartNeededFor', 'problems'].every((name) => isTexts(value[name]))
  );
}

export function isRestartState(value: unknown): value is RestartState {
  return (
    isRecord(value) &&
    (value['running'] === null || isRecord(value['running'])) &&
    (value['last'] === null || isRestartReport(value['last']))
  );
}

function isRestartReport(value: unknown): value is RestartReport {
  return (
    isRecord(value) &&
    typeof value['ok'] === 'boolean' &&
    ['replaced', 'workers', 'durationMs'].every((name) => typeof value[name] === 'number')
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function hasTexts(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}

function hasOptionalTexts(
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
): boolean {
  return names.every((name) => value[name] === null || typeof value[name] === 'string');
}

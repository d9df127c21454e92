/**
 * What a worker and the primary tell each other about admission: one message per tick each way, whose
 * events stand in the order in which they happened. The meaning of each lives with its policy:
 * lease-ledger.ts (slots), lease-budget.ts (rate chunks), circuit-breaker.ts, sample-window.ts.
 */
import type { BreakerAnnouncement } from '../policy/breaker-gate.js';
import type { ChunkMessage, ChunkReport, ChunkRequest } from '../policy/lease-budget.js';
import type { LedgerMessage, SlotReturn, TicketRequest } from '../policy/lease-messages.js';
import type { WindowSummary } from '../policy/sample-window.js';
import type { UserEnds } from '../policy/trip-rule.js';

/** Which ledger: calls hold a slot while they last, listening streams are counted apart. */
export type SlotsOf = 'calls' | 'streams';

export type WorkerEvent =
  | { readonly kind: 'ticket'; readonly of: SlotsOf; readonly request: TicketRequest }
  | { readonly kind: 'cancel'; readonly of: SlotsOf; readonly ticket: number }
  | { readonly kind: 'returned'; readonly of: SlotsOf; readonly slots: SlotReturn }
  /** For each `close-idle`, in their order: the connections are closed, or were gone before. */
  | { readonly kind: 'idle-closed'; readonly of: SlotsOf; readonly count: number }
  /** A connection that a slot left is gone by itself: unused for too long, or the server closed it. */
  | { readonly kind: 'idle-gone'; readonly of: SlotsOf; readonly server: string }
  /** `limit`: see rateKey below. `perSecond`: of an API key or a grant, which only workers know. */
  | {
      readonly kind: 'ask';
      readonly limit: string;
      readonly request: ChunkRequest;
      readonly perSecond?: number;
    }
  | { readonly kind: 'report'; readonly limit: string; readonly report: ChunkReport }
  /** How calls of one server that were admitted in one generation of its breaker ended. */
  | {
      readonly kind: 'ended';
      readonly server: string;
      readonly generation: number;
      readonly successes: number;
      readonly failures: number;
      /** Of these, of users that are told apart. */
      readonly users: readonly (UserEnds & { readonly dropped: number })[];
      readonly window: WindowSummary;
    }
  | {
      readonly kind: 'probed';
      readonly server: string;
      readonly generation: number;
      readonly succeeded: boolean;
    };

export type PrimaryEvent =
  | { readonly kind: 'slots'; readonly of: SlotsOf; readonly message: LedgerMessage }
  | { readonly kind: 'rate'; readonly message: ChunkMessage }
  | {
      readonly kind: 'breaker';
      readonly server: string;
      readonly announced: BreakerAnnouncement;
    }
  /** Ask the server for something harmless and tell how it went. One worker is asked at a time. */
  | { readonly kind: 'probe'; readonly server: string; readonly generation: number }
  /** Rates are scaled by this factor from now on, 0..1. */
  | { readonly kind: 'scale'; readonly scale: number };

/** What has a rate limit: the gateway, a user, an API key or a grant with a rate of its own, a server. */
export type RateKind = 'gateway' | 'user' | 'key' | 'grant' | 'server';

/** Names one rate limit in messages. */
export function rateKey(kind: RateKind, name: string): string {
  return kind === 'gateway' ? kind : `${kind}:${name}`;
}

/** The two parts of a `rateKey`; null when it is none. */
export function parseRateKey(
  key: string,
): { readonly kind: RateKind; readonly name: string } | null {
  if (key === 'gateway') return { kind: 'gateway', name: '' };
  if (key.startsWith('user:')) return { kind: 'user', name: key.slice(5) };
  if (key.startsWith('key:')) return { kind: 'key', name: key.slice(4) };
  if (key.startsWith('grant:')) return { kind: 'grant', name: key.slice(6) };
  if (key.startsWith('server:')) return { kind: 'server', name: key.slice(7) };
  return null;
}

export function isWorkerEvents(events: unknown): events is readonly WorkerEvent[] {
  return Array.isArray(events) && events.every(isWorkerEvent);
}

export function isPrimaryEvents(events: unknown): events is readonly PrimaryEvent[] {
  return Array.isArray(events) && events.every(isPrimaryEvent);
}

function isWorkerEvent(event: unknown): boolean {
  if (!isRecord(event)) return false;
  switch (event['kind']) {
    case 'ticket':
      return (
        isOf(event['of']) &&
        hasTypes(event['request'], TICKET) &&
        isNumberOrAbsent(event['request'], 'maxPerUser') &&
        isAccountOrAbsent(event['request'])
      );
    case 'cancel':
      return isOf(event['of']) && typeof event['ticket'] === 'number';
    case 'returned':
      return isOf(event['of']) && hasTypes(event['slots'], SLOTS);
    case 'idle-closed':
      return isOf(event['of']) && typeof event['count'] === 'number';
    case 'idle-gone':
      return isOf(event['of']) && typeof event['server'] === 'string';
    case 'ask':
      return (
        typeof event['limit'] === 'string' &&
        hasTypes(event['request'], ASK) &&
        isNumberOrAbsent(event, 'perSecond')
      );
    case 'report':
      return typeof event['limit'] === 'string' && hasTypes(event['report'], REPORT);
    case 'ended':
      return (
        hasTypes(event, ENDED) &&
        hasTypes(event['window'], WINDOW) &&
        Array.isArray(event['users']) &&
        event['users'].every((ends) => hasTypes(ends, USER_ENDS))
      );
    case 'probed':
      return hasTypes(event, PROBED);
    default:
      return false;
  }
}

function isPrimaryEvent(event: unknown): boolean {
  if (!isRecord(event)) return false;
  switch (event['kind']) {
    case 'slots':
      return isOf(event['of']) && hasTypes(event['message'], { kind: 'string' });
    case 'rate':
      return hasTypes(event['message'], { kind: 'string', key: 'string' });
    case 'breaker':
      return (
        typeof event['server'] === 'string' &&
        hasTypes(event['announced'], { state: 'string', generation: 'number' })
      );
    case 'probe':
      return hasTypes(event, { server: 'string', generation: 'number' });
    case 'scale':
      return typeof event['scale'] === 'number';
    default:
      return false;
  }
}

type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object'>>;

const TICKET: Shape = { ticket: 'number', user: 'string', server: 'string' };
const ACCOUNT: Shape = { name: 'string', limit: 'number' };
const SLOTS: Shape = { kind: 'string', key: 'string', count: 'number' };
const ASK: Shape = { needed: 'number', wanted: 'number' };
const REPORT: Shape = {
  spent: 'number',
  returned: 'number',
  spentAgeMs: 'number',
  answersRecall: 'boolean',
};
const ENDED: Shape = {
  server: 'string',
  generation: 'number',
  successes: 'number',
  failures: 'number',
};
const USER_ENDS: Shape = {
  user: 'string',
  successes: 'number',
  failures: 'number',
  dropped: 'number',
};
const WINDOW: Shape = {
  maxInFlight: 'number',
  dropped: 'number',
  successes: 'number',
  classes: 'object',
};
const PROBED: Shape = { server: 'string', generation: 'number', succeeded: 'boolean' };

function hasTypes(value: unknown, shape: Shape): boolean {
  if (!isRecord(value)) return false;
  for (const member in shape) {
    if (typeof value[member] !== shape[member]) return false;
  }
  return true;
}

function isNumberOrAbsent(value: unknown, member: string): boolean {
  if (!isRecord(value)) return false;
  return value[member] === undefined || typeof value[member] === 'number';
}

function isAccountOrAbsent(request: unknown): boolean {
  return (
    isRecord(request) && (request['within'] === undefined || hasTypes(request['within'], ACCOUNT))
  );
}

function isOf(value: unknown): boolean {
  return value === 'calls' || value === 'streams';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

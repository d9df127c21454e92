/**
 * What the admin socket can do, as functions the primary passes in (and the command line passes in
 * for keys and tokens when no gateway runs). JSON-serialisable in and out: it crosses the socket.
 */
import type { FormerKeyCounts } from './former-key-counts.js';
import type { CredentialOperations } from './credential-operations.js';
import type { LifecycleOperations } from './lifecycle-operations.js';
import type { LogLevelOperations } from './log-level-input.js';
import type { AlertName, AlertSeverity } from '../policy/alert-kinds.js';
import type { SinkTest } from '../telemetry/alert-delivery.js';
import type { AlertNotice } from '../telemetry/alert-notice.js';

import type { CallLimits, ToolRules } from '../store/access-rules.js';
import type { GrantOperations } from './grant-operations.js';
import type { ServerOperations } from './server-operations.js';

/** An API key as people may see it; the secret is never kept. */
export interface KeyView {
  readonly id: string;
  readonly user: string;
  readonly label: string;
  /** Null = every server. */
  readonly servers: readonly string[] | null;
  /** Null = every tool. */
  readonly tools: ToolRules | null;
  /** Null = none of its own. */
  readonly limits: CallLimits | null;
  readonly isAdmin: boolean;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** Minutes behind at times; null = never used. */
  readonly lastUsedAt: string | null;
  readonly useCount: number;
  /** Hashed under a former master key: works as long as that one is known, and is hashed anew when it is used. */
  readonly isOnFormerMasterKey?: boolean;
}

export interface CreateKeyInput {
  readonly user: string;
  readonly servers: readonly string[] | null;
  readonly tools: ToolRules | null;
  readonly limits: CallLimits | null;
  readonly isAdmin: boolean;
  readonly label: string;
  /** Null = never expires. */
  readonly expiresInSeconds: number | null;
}

/** Absent members stay as they are. */
export type UpdateKeyInput = Partial<Omit<CreateKeyInput, 'user' | 'isAdmin'>>;

export interface CreatedKey extends KeyView {
  /** The whole key. Shown once; nothing can recover it. */
  readonly key: string;
}

export interface ListKeysInput {
  readonly afterId?: string | undefined;
  /** Default and maximum 1000. */
  readonly limit?: number | undefined;
}

export interface MintTokenInput {
  readonly user: string;
  readonly servers: readonly string[] | null;
  readonly expiresInSeconds: number;
}

export interface MintedToken {
  readonly token: string;
  readonly expiresAt: string;
}

export interface ServerView {
  readonly name: string;
  readonly enabled: boolean;
  /** bundled, module, stdio, http */
  readonly kind: string;
  /** ready, degraded, open, disabled, starting, invalid or unknown; a word for people. */
  readonly state: string;
  /** What is wrong, in one sentence; null when nothing is. */
  readonly detail: string | null;
  /** In the configuration file, or added at run time. */
  readonly origin?: 'file' | 'added';
}

/** Names of the tools that were waiting and are approved now. */
export interface ToolApproval {
  readonly approved: readonly string[];
}

export interface ServerTestStep {
  /** spawn, connect, initialize, tools/list, ping … */
  readonly step: string;
  readonly ok: boolean;
  readonly durationMs: number;
  /** Protocol version, tool count, error text, tail of stderr. */
  readonly detail: string | null;
}

export interface ServerTestReport {
  readonly server: string;
  readonly ok: boolean;
  /** As in the list of servers, at the end of the test. */
  readonly state: string;
  /** What to do about the failure; null without one. */
  readonly advice: string | null;
  readonly steps: readonly ServerTestStep[];
}

/** One cause that is an alert, or was within its cooldown. */
export interface AlertView {
  readonly alert: AlertName;
  readonly severity: AlertSeverity;
  readonly title: string;
  /** A server, a limit, a process; null = the gateway. */
  readonly target: string | null;
  readonly message: string;
  /** The command that looks closer. */
  readonly look: string;
  /** ISO 8601. */
  readonly since: string;
  readonly isActive: boolean;
  /** Null when it is over. */
  readonly durationMs: number | null;
  /** Repeats not sent since the last message about it. */
  readonly suppressed: number;
  /** Until a repeat would be sent again; 0 = it would be now. */
  readonly cooldownLeftMs: number;
}

export interface AlertsView {
  readonly alerts: readonly AlertView[];
  /** The last messages, newest first; bounded. */
  readonly history: readonly AlertNotice[];
}

/** Members the command line prints; the rest of the document is shown as it is by `--json`. */
export interface StatusView {
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'draining';
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly url: string;
  readonly store: string;
  readonly workers: number;
  readonly servers: readonly ServerView[];
  /** Sentences such as "cpu: 93 % for 2 min". */
  readonly alerts: readonly string[];
  /** What would be lost without the previous master key; null or absent when none is set, or the store is away. */
  readonly onFormerMasterKey?: FormerKeyCounts | null;
  /** Those that share their limits, this one first, a line each; empty or absent when it has them to itself. */
  readonly machines?: readonly string[];
}

/** The whole /health document, not filtered: whoever may open the socket is an operator. */
export type HealthDocument = Readonly<Record<string, unknown>>;

/**
 * Each rejects with a GatewayError whose hint is fit for a person. Creating, changing and revoking reach
 * every worker before they resolve.
 */
export interface AdminOperations
  extends
    LifecycleOperations,
    GrantOperations,
    CredentialOperations,
    ServerOperations,
    LogLevelOperations {
  createKey(input: CreateKeyInput): Promise<CreatedKey>;
  listKeys(input: ListKeysInput): Promise<readonly KeyView[]>;
  /** The key as it is now; null when no such key exists or it is revoked. */
  updateKey(id: string, change: UpdateKeyInput): Promise<KeyView | null>;
  /** False when no such key exists or it was revoked before. */
  revokeKey(id: string): Promise<boolean>;
  mintToken(input: MintTokenInput): Promise<MintedToken>;
  status(): Promise<StatusView>;
  health(): Promise<HealthDocument>;
  listServers(): Promise<readonly ServerView[]>;
  /** Accepts tools that the server changed as they are now: one, or (null) all. Rejects with GW_SERVER_UNKNOWN. */
  approveTools(server: string, tool: string | null): Promise<ToolApproval>;
  /** Rejects with GW_SERVER_UNKNOWN. */
  testServer(name: string): Promise<ServerTestReport>;
  /** `all`: with every message that the store keeps, in place of the last ones. */
  listAlerts(all: boolean): Promise<AlertsView>;
  /** Sends one message through every sink. */
  testAlerts(): Promise<readonly SinkTest[]>;
}

/**
 * What a revision wants around a module's answers: legacy sessions open with `initialize`; modern
 * requests bring an envelope in `_meta`, and their results say that they are complete, who answered
 * and how long they may be kept. One request in, one result or RpcError out; no state but the log level.
 * Source: MCP 2026-07-28 basic ("_meta", "Caching"), 2025-11-25 lifecycle.
 */
import { memberOf } from '../mcp/message-members.js';
import {
  isLegacyVersion,
  isModernVersion,
  LATEST_LEGACY_VERSION,
  MODERN_VERSIONS,
} from '../mcp/versions.js';
import { isLogLevel, type McpLogLevel } from './module-log.js';
import { MODULE_METHODS, type MethodCall } from './module-methods.js';
import { INVALID_PARAMS, METHOD_NOT_FOUND, RpcError, UNSUPPORTED_VERSION } from './rpc-error.js';
import type { ServedModule } from './served-module.js';

const META_PREFIX = 'io.modelcontextprotocol/';
const PROTOCOL_VERSION = `${META_PREFIX}protocolVersion`;
const CLIENT_CAPABILITIES = `${META_PREFIX}clientCapabilities`;
const LOG_LEVEL = `${META_PREFIX}logLevel`;
const SERVER_INFO = `${META_PREFIX}serverInfo`;

/**
 * How long a modern client may keep what all users share: a module's lists change only with the host
 * that runs it. What is a user's own may change with the next call, so it is never kept. Chosen.
 */
const PUBLIC_TTL_MS = 60_000;
const PRIVATE_TTL_MS = 0;

type Result = Readonly<Record<string, unknown>>;

/** What the envelope of a request says. */
export interface Envelope {
  readonly era: 'legacy' | 'modern';
  /** Modern only: from which level on the client wants logs about this request. */
  readonly logLevel: McpLogLevel | null;
}

/** Throws -32022 and -32602 as the modern revision asks for; a request without an envelope is legacy. */
export function readEnvelope(params: unknown): Envelope {
  const meta = memberOf(params, '_meta');
  const version = memberOf(meta, PROTOCOL_VERSION);
  if (version === undefined) return { era: 'legacy', logLevel: null };
  if (typeof version !== 'string') throw invalidEnvelope(PROTOCOL_VERSION, 'must be a string');
  if (!isModernVersion(version)) {
    throw new RpcError(UNSUPPORTED_VERSION, 'Unsupported protocol version', {
      supported: MODERN_VERSIONS,
      requested: version,
    });
  }
  const capabilities = memberOf(meta, CLIENT_CAPABILITIES);
  if (typeof capabilities !== 'object' || capabilities === null) {
    throw invalidEnvelope(CLIENT_CAPABILITIES, 'must be an object');
  }
  const logLevel = memberOf(meta, LOG_LEVEL);
  if (logLevel === undefined) return { era: 'modern', logLevel: null };
  if (!isLogLevel(logLevel)) throw invalidEnvelope(LOG_LEVEL, 'is not a log level');
  return { era: 'modern', logLevel };
}

function invalidEnvelope(key: string, problem: string): RpcError {
  return new RpcError(INVALID_PARAMS, `Invalid _meta envelope: ${key} ${problem}`);
}

/** Answers every method but `subscriptions/listen`, `ping` and `logging/setLevel`. Throws RpcError. */
export async function answer(
  served: ServedModule,
  method: string,
  call: MethodCall,
): Promise<Result> {
  if (call.era === 'legacy' && method === 'initialize') return initialize(served, call.params);
  if (call.era === 'modern' && method === 'server/discover') return discover(served);
  const known = MODULE_METHODS.get(method);
  if (known?.isOffered(served) !== true) throw methodNotFound(method);
  const result = await known.run(served, call);
  if (call.era === 'legacy') return result;
  const { cacheScope } = known;
  return complete(served, cacheScope === undefined ? result : { ...result, ...kept(cacheScope) });
}

function methodNotFound(method: string): RpcError {
  return new RpcError(METHOD_NOT_FOUND, 'Method not found', { method });
}

/** A modern result in full. */
export function complete(served: ServedModule, result: Result): Result {
  const meta = memberOf(result, '_meta');
  return {
    resultType: 'complete',
    ...result,
    _meta: { ...(typeof meta === 'object' ? meta : {}), [SERVER_INFO]: served.serverInfo },
  };
}

function kept(cacheScope: 'public' | 'private'): Result {
  return { ttlMs: cacheScope === 'public' ? PUBLIC_TTL_MS : PRIVATE_TTL_MS, cacheScope };
}

function initialize(served: ServedModule, params: unknown): Result {
  const requested = memberOf(params, 'protocolVersion');
  if (typeof requested !== 'string') {
    throw new RpcError(INVALID_PARAMS, '"protocolVersion" must be a string');
  }
  const { instructions } = served.module;
  return {
    protocolVersion: isLegacyVersion(requested) ? requested : LATEST_LEGACY_VERSION,
    capabilities: served.capabilities,
    serverInfo: served.serverInfo,
    ...(instructions !== undefined && { instructions }),
  };
}

function discover(served: ServedModule): Result {
  const { instructions } = served.module;
  return complete(served, {
    supportedVersions: MODERN_VERSIONS,
    capabilities: served.capabilities,
    ...(instructions !== undefined && { instructions }),
    ...kept('public'),
  });
}

/**
 * What a caller hears of a tool, prompt or resource that does not exist for him: the answer that the
 * specification gives for an unknown one, whether the server has it or not, because the server is not asked.
 * Nothing in it is the gateway's own (no reason, no request id). Source: MCP 2025-11-25 and 2026-07-28, server features,
 * "Error Handling".
 */
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { NamedTarget } from '../mcp/named-target.js';

const INVALID_PARAMS = -32602;
/** Revisions before 2026-07-28. */
const LEGACY_RESOURCE_NOT_FOUND = -32002;

export function unknownTargetBody(
  { kind, name }: NamedTarget,
  id: JsonRpcId,
  era: 'legacy' | 'modern',
): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: unknownTarget(kind, name, era) });
}

function unknownTarget(kind: NamedTarget['kind'], name: string | null, era: 'legacy' | 'modern') {
  if (name === null) return { code: INVALID_PARAMS, message: 'Invalid params' };
  if (kind !== 'resources') {
    const what = kind === 'tools' ? 'tool' : 'prompt';
    return { code: INVALID_PARAMS, message: `Unknown ${what}: ${name}` };
  }
  const code = era === 'legacy' ? LEGACY_RESOURCE_NOT_FOUND : INVALID_PARAMS;
  return { code, message: 'Resource not found', data: { uri: name } };
}

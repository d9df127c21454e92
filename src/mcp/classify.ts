/**
 * Decides what a POST is before anything is done with it: its era, and whether its headers tell the
 * truth about its body. The body decides the era (a `_meta` protocolVersion key means modern, even a
 * malformed one); the order of checks is the SDK's, so that clients see the errors they expect.
 * What only the server can know (versions it serves, Mcp-Param-*) is left to the server.
 * Source: MCP 2026-07-28 basic/transports; SDK 2.4 `classifyInboundRequest`.
 */
import { GatewayError } from '../kernel/errors.js';
import { decodeHeaderValue, encodingAdvice } from './header-value.js';
import { methodRow } from './methods.js';
import type { ScannedBody, ScannedMessage } from './scan-message.js';
import { isModernVersion, isPassableVersion } from './versions.js';

/** The request headers that must agree with the body; undefined where absent. */
export interface McpHeaders {
  readonly protocolVersion: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

export type ClassifiedPost =
  | { readonly era: 'modern'; readonly message: ScannedMessage }
  | {
      readonly era: 'legacy';
      readonly messages: readonly ScannedMessage[];
      /** True for a lone `initialize`: the one POST that may open a session. */
      readonly isInitialize: boolean;
      /** The messages came in an array, even if there is only one. */
      readonly isBatch: boolean;
    };

/**
 * Throws GW_BAD_REQUEST, GW_BAD_PARAMS or GW_HEADER_MISMATCH; the caller adds the message's id.
 */
export function classifyPost(body: ScannedBody, headers: McpHeaders): ClassifiedPost {
  if (body.isBatch) return classifyBatch(body.messages, headers);
  const { message } = body;
  if (message.hasEnvelope) return checkModern(message, headers);
  const version = headers.protocolVersion;
  const isInitialize = message.kind === 'request' && message.method === 'initialize';
  if (version !== undefined && isModernVersion(version)) {
    if (isInitialize) throw mismatch(`"initialize" belongs to revisions before ${version}.`);
    if (message.kind === 'response') {
      throw new GatewayError('GW_BAD_REQUEST', {
        hint: `Revision ${version} has no responses from the client.`,
      });
    }
    // The envelope belongs to requests: the Go SDK posts notifications/cancelled without one.
    if (message.kind === 'notification') {
      checkMethod(message, headers.method);
      return { era: 'modern', message };
    }
    throw new GatewayError('GW_BAD_PARAMS', {
      hint: 'params._meta needs "io.modelcontextprotocol/protocolVersion".',
    });
  }
  if (!isInitialize) checkLegacyVersion(version);
  return { era: 'legacy', messages: [message], isInitialize, isBatch: false };
}

/** For GET and DELETE, and legacy POSTs after `initialize`: an unknown version is refused (2025-06-18). */
export function checkLegacyVersion(version: string | undefined): void {
  if (version === undefined || isPassableVersion(version)) return;
  throw new GatewayError('GW_SESSION_REQUIRED', {
    hint: `MCP-Protocol-Version "${version.slice(0, 64)}" is not supported here.`,
  });
}

function classifyBatch(messages: readonly ScannedMessage[], headers: McpHeaders): ClassifiedPost {
  if (messages.some((message) => message.hasEnvelope)) {
    throw new GatewayError('GW_BAD_REQUEST', { hint: 'A modern message must not be in a batch.' });
  }
  const version = headers.protocolVersion;
  if (version !== undefined && version > '2025-03-26') {
    throw new GatewayError('GW_BAD_REQUEST', {
      hint: 'Batches exist in revision 2025-03-26 only; send one message per request.',
    });
  }
  if (messages.length > 1 && messages.some((message) => message.method === 'initialize')) {
    throw new GatewayError('GW_BAD_REQUEST', { hint: '"initialize" must not be in a batch.' });
  }
  return {
    era: 'legacy',
    messages,
    isInitialize: messages[0]?.method === 'initialize',
    isBatch: true,
  };
}

function checkModern(message: ScannedMessage, headers: McpHeaders): ClassifiedPost {
  const version = message.protocolVersion;
  if (version === null) {
    throw new GatewayError('GW_BAD_PARAMS', {
      hint: '"io.modelcontextprotocol/protocolVersion" must be a string.',
    });
  }
  if (headers.protocolVersion !== undefined && headers.protocolVersion !== version) {
    throw mismatch('MCP-Protocol-Version differs from params._meta.');
  }
  checkMethod(message, headers.method);
  // An unknown version is the server's to refuse: only it can say which ones it supports.
  if (!isModernVersion(version)) return { era: 'modern', message };
  if (headers.protocolVersion === undefined) throw mismatch('MCP-Protocol-Version is missing.');
  if (message.kind === 'notification') return { era: 'modern', message };
  if (headers.method === undefined) throw mismatch('Mcp-Method is missing.');
  checkName(message, headers.name);
  if (!message.hasClientCapabilities) {
    throw new GatewayError('GW_BAD_PARAMS', {
      hint: 'params._meta needs "io.modelcontextprotocol/clientCapabilities".',
    });
  }
  return { era: 'modern', message };
}

function checkMethod(message: ScannedMessage, header: string | undefined): void {
  if (header === undefined || header === message.method) return;
  throw mismatch('Mcp-Method differs from the method in the body.');
}

function checkName(message: ScannedMessage, header: string | undefined): void {
  const source = methodRow(message.method).nameSource;
  if (source === null) return;
  const expected = message[source];
  if (expected === null) return; // The server answers -32602 for the missing parameter itself.
  if (header === undefined) throw mismatch('Mcp-Name is missing.');
  const decoded = decodeHeaderValue(header);
  if (decoded === null) throw mismatch('Mcp-Name is not valid base64 of UTF-8.');
  if (decoded === expected) return;
  throw mismatch(`Mcp-Name differs from params.${source}.${encodingAdvice(expected)}`);
}

function mismatch(hint: string): GatewayError {
  return new GatewayError('GW_HEADER_MISMATCH', { hint });
}

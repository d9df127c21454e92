/**
 * The encoding of `Mcp-Name` and `Mcp-Param-*` values: plain visible ASCII, or
 * `=?base64?<base64 of UTF-8>?=` with case-sensitive markers (MCP 2026-07-28 basic/transports).
 */

const PREFIX = '=?base64?';
const SUFFIX = '?=';
const PLAIN = /^[\x21-\x7e]*(?: +[\x21-\x7e]+)*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The decoded value; null when the base64 form is malformed or hides invalid UTF-8. */
export function decodeHeaderValue(value: string): string | null {
  if (!value.startsWith(PREFIX) || !value.endsWith(SUFFIX)) return value;
  const encoded = value.slice(PREFIX.length, -SUFFIX.length);
  if (!BASE64.test(encoded)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'));
  } catch {
    // Not UTF-8: as malformed as bad base64.
    return null;
  }
}

/** A sentence for who sent another value than `expected`, perhaps because it cannot be sent as it is; else empty. */
export function encodingAdvice(expected: string): string {
  return PLAIN.test(expected)
    ? ''
    : ' Send what is not visible ASCII as =?base64?<base64 of UTF-8>?=.';
}

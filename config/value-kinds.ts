/**
 * The kinds of value a setting can have. The file's key names are fixed and often unitless (`queueTimeout`), so each
 * kind of number states its unit and range once: range errors, the JSON Schema and docs/configuration.md repeat it.
 */
import { isIP } from 'node:net';
import { z } from 'zod';

/** Longest wait a setting may ask for; beyond a day it is a mistake, and beyond 2^31 ms timers fire at once. */
const DAY_MS = 86_400_000;

export function milliseconds(min: number, max = DAY_MS) {
  return z.int().min(min).max(max).meta({ unit: 'ms' });
}

export function seconds(min: number, max: number) {
  return z.int().min(min).max(max).meta({ unit: 's' });
}

export function bytes(min: number, max: number) {
  return z.int().min(min).max(max).meta({ unit: 'bytes' });
}

export function percent() {
  return z.number().min(1).max(100).meta({ unit: '%' });
}

export function ratio(min: number) {
  return z.number().min(min).max(1).meta({ unit: 'ratio' });
}

export function count(min: number, max: number) {
  return z.int().min(min).max(max);
}

export const text = z.string().min(1);

export const httpUrl = z.url({ protocol: /^https?$/ });

/** Of an MCP server. What could not be sent is refused: the calls would meet a 401 that nothing explains. */
export const serverUrl = httpUrl
  .refine((value) => !URL.canParse(value) || isWithoutUser(new URL(value)), {
    error:
      'has a user name or password, which are not sent; write them as "headers": {"Authorization": "Basic ${NAME}"}',
  })
  .refine((value) => !value.includes('#'), {
    error: 'has a fragment (#…), which is never sent; leave it out',
  });

function isWithoutUser({ username, password }: URL): boolean {
  return username === '' && password === '';
}

/** They frame one request, or belong to one session: with a fixed value calls fail, or all users share a session. */
const GATEWAYS_OWN = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'mcp-session-id',
  'transfer-encoding',
  'upgrade',
]);

/** An RFC 9110 token that may be given a fixed value; `todo` ends the sentence about any other. */
export function headerName(todo: string) {
  return z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
    .refine((name) => !GATEWAYS_OWN.has(name.toLowerCase()), {
      error: `is set by the gateway for each request; ${todo}`,
    });
}

/** The value cannot smuggle a second line. */
export const headers = z.record(
  headerName('leave it out'),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'has characters that no header value may have'),
);

export const environment = z.record(
  z.string().regex(/^[^=\0]+$/, 'is not the name of an environment variable'),
  z.string().regex(/^[^\0]*$/, 'has a NUL character'),
);

export const addressOrRange = text.refine(isAddressOrRange, {
  error: 'must be an IP address or a range such as 10.0.0.0/8',
});

function isAddressOrRange(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

export const hostName = text.refine(
  (value) => value === '*' || isIP(value) !== 0 || /^[A-Za-z0-9._-]{1,253}$/.test(value),
  { error: 'must be a name such as mcp.example.com, without scheme or port, or *' },
);

export const webOrigin = z
  .string()
  .regex(
    /^(?:\*|[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/]+)$/,
    'must be an origin such as https://app.example.com, without a path, or *',
  );

/** Whether an address to listen on is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}

/**
 * The dashboard's own files, read once and served from memory. They hold no data of the gateway: whoever gets the
 * page still has to prove who he is before it can show anything.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { HttpReply } from '../../gateway/exchange.js';
import type { OperationsRoute } from '../routes.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

const HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // Always asked again, mostly answered 304: an update shows at once.
  'cache-control': 'no-cache',
};

const MAX_FILES = 64;

/** Routes by exact path below `prefix`; `index.html` is at the prefix itself. Empty when there is no such directory. */
export function staticRoutes(
  directory: string,
  prefix: string,
): ReadonlyMap<string, OperationsRoute> {
  const routes = new Map<string, OperationsRoute>();
  for (const name of filesOf(directory)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const path = name === 'index.html' ? prefix : `${prefix}/${name}`;
    routes.set(path, serve(readFileSync(join(directory, name)), type));
  }
  return routes;
}

function serve(body: Buffer, type: string): OperationsRoute {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = { ...HEADERS, 'content-type': type, etag };
  const whole: HttpReply = { status: 200, headers, body };
  const unchanged: HttpReply = { status: 304, headers: { ...HEADERS, etag } };
  return (exchange) => {
    // A proxy that compresses makes the tag a weak one.
    const known = exchange.header('if-none-match')?.replaceAll('W/', '').split(/,\s*/) ?? [];
    exchange.reply(known.includes(etag) ? unchanged : whole);
  };
}

function filesOf(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      .slice(0, MAX_FILES);
  } catch {
    return []; // Not built: the paths are unknown, and everything else works.
  }
}

/**
 * `multi-mcp store migrate`: copies everything from one store into another, embedded to MongoDB or back. What
 * is in the target already is not written again, so an interrupted run is simply started once more.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT } from '../kernel/exit-codes.js';
import {
  copyStore,
  scopesOf,
  STORE_PARTS,
  type CopyResult,
  type PartCounts,
  type StorePart,
} from '../store/copy-store.js';
import { openStoreAt } from '../store/open-store.js';
import type { Store } from '../store/store.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { createProgressBar } from './progress-bar.js';
import { formatTable } from './table.js';

export interface StoreMigrateOptions {
  readonly from: string;
  readonly to: string;
}

const FILE_NAME = 'multi-mcp.db';

export async function storeMigrate(
  context: CliContext,
  options: StoreMigrateOptions,
): Promise<void> {
  const [from, to] = [placeOf(options.from), placeOf(options.to)];
  if (from === to) throw new CliError(EXIT.usage, '--from and --to are the same store');
  if (!isMongo(from) && !existsSync(from)) {
    throw new CliError(EXIT.usage, `--from: there is no store at ${from}`);
  }
  const source = await openStoreAt(from);
  try {
    const target = await openStoreAt(to);
    try {
      await migrate(context, source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function migrate(context: CliContext, source: Store, target: Store): Promise<void> {
  const bar = createProgressBar(context, await countOf(source));
  const interrupted = new AbortController();
  const onSignal = () => {
    interrupted.abort(
      new CliError(EXIT.unavailable, 'Interrupted between two pages; run it again to go on.'),
    );
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const found = new Map<StorePart, PartCounts>();
  try {
    const result = await copyStore({
      source,
      target,
      parts: STORE_PARTS,
      signal: interrupted.signal,
      onProgress: (part, counts) => {
        found.set(part, counts);
        const done = [...found.values()].reduce((sum, each) => sum + each.found, 0);
        bar.show(done, part);
      },
    });
    bar.end();
    report(context, { from: source.description, to: target.description, result });
  } finally {
    bar.end();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function report(
  context: CliContext,
  { from, to, result }: { readonly from: string; readonly to: string; readonly result: CopyResult },
): void {
  if (context.json) {
    printJson(context, { from, to, parts: result });
    return;
  }
  const rows = STORE_PARTS.map((part) => {
    const { found = 0, written = 0 } = result[part] ?? {};
    return [part, String(found), String(written), String(found - written)];
  });
  context.out(`${from} → ${to}\n\n`);
  context.out(formatTable(['WHAT', 'FOUND', 'WRITTEN', 'THERE ALREADY'], rows));
  context.out(
    '\nKeys and credentials need the same master key: take data/master-key (or MULTI_MCP_MASTER_KEY) along.\n',
  );
}

/** How much there is to look at; it may grow meanwhile. */
async function countOf(source: Store): Promise<number> {
  const tables = await Promise.all(Object.values(source.tables).map((table) => table.count()));
  let total = tables.reduce((sum, count) => sum + count, await source.keys.count());
  for await (const scope of scopesOf(source)) {
    total += await source.documents.countPrefix(scope, '');
  }
  return total;
}

function isMongo(place: string): boolean {
  return /^mongodb(\+srv)?:\/\//.test(place);
}

/** A MongoDB URI as it is, else the file: in a data directory it has the gateway's own name for it. */
function placeOf(given: string): string {
  if (isMongo(given)) return given;
  const path = resolve(given);
  const isFile = existsSync(path) ? statSync(path).isFile() : path.endsWith('.db');
  if (!isFile) return join(path, FILE_NAME);
  if (!existsSync(dirname(path))) {
    throw new CliError(EXIT.usage, `there is no folder ${dirname(path)}`);
  }
  return path;
}

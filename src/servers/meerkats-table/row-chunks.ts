/**
 * How a table's rows are cut into chunks, and which chunks a change has to write. A chunk whose rows are
 * all untouched is kept; neighbours that changed, or that have become small, are cut anew together. So
 * one changed row costs one chunk, and no two neighbours stay small: a full table has at most some
 * 500 chunks however it came to be.
 */
import { rowBytes, type ChunkRef } from './stored-documents.js';
import type { Row } from './table-schema.js';

export const MAX_CHUNK_ROWS = 128;
/** A chunk of several rows stays below this; a row larger than that has a chunk of its own. */
export const MAX_CHUNK_BYTES = 64 * 1024;

export interface LoadedChunk extends ChunkRef {
  readonly rows: readonly Row[];
}

export interface NewChunk {
  readonly rows: readonly Row[];
  readonly bytes: number;
}

/** The chunks of the table after a change, in order: kept ones and ones to write. */
export function planChunks(
  present: readonly LoadedChunk[],
  rows: readonly Row[],
): (LoadedChunk | NewChunk)[] {
  const plan: (LoadedChunk | NewChunk)[] = [];
  let loose: Row[] = [];
  let heldBack: LoadedChunk | null = null;
  let at = 0;

  function flush(): void {
    if (loose.length > 0) plan.push(...cut(loose));
    loose = [];
  }

  function keep(chunk: LoadedChunk): void {
    if (!isSmall(chunk)) {
      release();
      flush();
      plan.push(chunk);
    } else if (loose.length > 0) loose.push(...chunk.rows);
    else if (heldBack === null) heldBack = chunk;
    else {
      loose.push(...heldBack.rows, ...chunk.rows);
      heldBack = null;
    }
  }

  /** The small chunk that waited for a neighbour to join is kept as it is. */
  function release(): void {
    if (heldBack !== null) plan.push(heldBack);
    heldBack = null;
  }

  function loosen(more: readonly Row[]): void {
    if (more.length === 0) return;
    if (heldBack !== null) loose.push(...heldBack.rows);
    heldBack = null;
    loose.push(...more);
  }

  for (const chunk of present) {
    const lastId = chunk.rows.at(-1)?.id ?? 0;
    const start = at;
    while (at < rows.length && (rows[at]?.id ?? 0) <= lastId) at += 1;
    const survivors = rows.slice(start, at);
    if (isUntouched(chunk.rows, survivors)) keep(chunk);
    else loosen(survivors);
  }
  loosen(rows.slice(at));
  release();
  flush();
  return plan;
}

export function isKept(chunk: LoadedChunk | NewChunk): chunk is LoadedChunk {
  return 'id' in chunk;
}

/** A row is untouched when it is the same object: changes make new ones. */
function isUntouched(before: readonly Row[], after: readonly Row[]): boolean {
  return before.length === after.length && before.every((row, index) => row === after[index]);
}

function isSmall(chunk: ChunkRef): boolean {
  return chunk.rowCount < MAX_CHUNK_ROWS / 2 && chunk.bytes < MAX_CHUNK_BYTES / 2;
}

function cut(rows: readonly Row[]): NewChunk[] {
  const chunks: NewChunk[] = [];
  let members: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = rowBytes(row);
    if (
      members.length > 0 &&
      (members.length >= MAX_CHUNK_ROWS || bytes + size > MAX_CHUNK_BYTES)
    ) {
      chunks.push({ rows: members, bytes });
      members = [];
      bytes = 0;
    }
    members.push(row);
    bytes += size;
  }
  if (members.length > 0) chunks.push({ rows: members, bytes });
  return chunks;
}

/** Reads one HTTP answer off the bytes of a connection: Content-Length and chunked, nothing cleverer. */
export interface Answer {
  readonly status: number;
  /** The head's bytes as text, with its status line. */
  readonly head: string;
  readonly body: string;
}

/** The whole answer; null while bytes are missing. */
export function readAnswer(bytes: Buffer): Answer | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const rest = bytes.subarray(headEnd + 4);
  if (length !== undefined) {
    if (rest.length < Number(length)) return null;
    return { status, head, body: rest.toString('utf8', 0, Number(length)) };
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, head, body: '' };
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = parseInt(rest.toString('latin1', at, lineEnd), 16);
    const chunkEnd = lineEnd + 2 + size;
    if (rest.length < chunkEnd + 2) return null;
    if (size === 0) return { status, head, body };
    body += rest.toString('utf8', lineEnd + 2, chunkEnd);
    at = chunkEnd + 2;
  }
}

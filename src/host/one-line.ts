/**
 * Makes a JSON message fit for newline framing: the white space around its tokens may hold newlines,
 * which would cut it in two. Valid JSON has no raw newline inside a string, so every one found is white
 * space and becomes a blank. U+2028 and U+2029 are legal inside strings, but Node's readline (and so
 * many small servers) ends a line there: they are written as escapes, which mean the same.
 */

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;
/** UTF-8 of U+2028 and U+2029 but for the last byte, A8 or A9. */
const SEPARATOR = Buffer.from([0xe2, 0x80]);
const LINE_SEPARATOR_END = 0xa8;
const PARAGRAPH_SEPARATOR_END = 0xa9;

/** The message and one newline behind it, in new memory; `message` must be valid JSON. */
export function asOneLine(message: Uint8Array): Buffer {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const source = hasSeparator(bytes) ? escapeSeparators(bytes) : bytes;
  const line = Buffer.allocUnsafe(source.length + 1);
  line.set(source);
  blank(line, NEWLINE, source.length);
  blank(line, CARRIAGE_RETURN, source.length);
  line[source.length] = NEWLINE;
  return line;
}

function blank(line: Buffer, byte: number, length: number): void {
  for (let at = line.indexOf(byte); at !== -1 && at < length; at = line.indexOf(byte, at + 1)) {
    line[at] = BLANK;
  }
}

function isSeparatorAt(bytes: Buffer, at: number): boolean {
  const last = bytes[at + 2];
  return last === LINE_SEPARATOR_END || last === PARAGRAPH_SEPARATOR_END;
}

function hasSeparator(bytes: Buffer): boolean {
  return nextSeparator(bytes, 0) !== -1;
}

function nextSeparator(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(SEPARATOR, from);
  while (at !== -1 && !isSeparatorAt(bytes, at)) at = bytes.indexOf(SEPARATOR, at + 1);
  return at;
}

function escapeSeparators(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = nextSeparator(bytes, 0); at !== -1; at = nextSeparator(bytes, from)) {
    const escape = bytes[at + 2] === LINE_SEPARATOR_END ? '\\u2028' : '\\u2029';
    parts.push(bytes.subarray(from, at), Buffer.from(escape));
    from = at + 3;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}

/**
 * CSV text to records and back (RFC 4180). Reading is lenient where files in the wild are: any line
 * ending, a byte order mark, a quote inside an unquoted field. It keeps whether a field was quoted,
 * because that tells an empty text (`""`) from no value at all (nothing).
 */

export interface CsvField {
  readonly text: string;
  readonly isQuoted: boolean;
}

export interface CsvRecord {
  /** Line of the text on which the record starts, from 1. */
  readonly line: number;
  readonly fields: readonly CsvField[];
}

export type CsvDelimiter = ',' | ';' | '\t';

/** Thrown for text that is no CSV; the message names the line. */
export class CsvSyntaxError extends Error {
  override readonly name = 'CsvSyntaxError';
}

/** Blank lines yield one empty unquoted field; the caller decides what they mean. */
export function parseCsv(text: string, delimiter: CsvDelimiter = ','): CsvRecord[] {
  const reader = new CsvReader(text, delimiter);
  const records: CsvRecord[] = [];
  for (let record = reader.next(); record !== null; record = reader.next()) records.push(record);
  return records;
}

/** One record, ended by CRLF. A null field is written as nothing, empty text as `""`. */
export function formatRecord(
  fields: readonly (string | null)[],
  delimiter: CsvDelimiter = ',',
): string {
  return `${fields.map((field) => formatField(field, delimiter)).join(delimiter)}\r\n`;
}

function formatField(field: string | null, delimiter: CsvDelimiter): string {
  if (field === null) return '';
  // Outer spaces are quoted too: many readers trim unquoted fields. So is a byte order mark, which
  // at the very start of the text would be taken for the text's own.
  const needsQuotes =
    field === '' || field.includes(delimiter) || /["\r\n]|^[\s\uFEFF]|\s$/.test(field);
  return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field;
}

class CsvReader {
  readonly #text: string;
  readonly #delimiter: CsvDelimiter;
  #at: number;
  #line = 1;

  constructor(text: string, delimiter: CsvDelimiter) {
    this.#text = text;
    this.#delimiter = delimiter;
    this.#at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  next(): CsvRecord | null {
    if (this.#at >= this.#text.length) return null;
    const line = this.#line;
    const fields = [this.#field()];
    while (this.#text[this.#at] === this.#delimiter) {
      this.#at += 1;
      fields.push(this.#field());
    }
    this.#endLine();
    return { line, fields };
  }

  #field(): CsvField {
    if (this.#text[this.#at] === '"') return { text: this.#quoted(), isQuoted: true };
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#isFieldEnd()) this.#at += 1;
    return { text: this.#text.slice(start, this.#at), isQuoted: false };
  }

  #quoted(): string {
    const openedOnLine = this.#line;
    let value = '';
    for (;;) {
      const end = this.#text.indexOf('"', this.#at + 1);
      if (end === -1) {
        throw new CsvSyntaxError(`line ${openedOnLine}: a quoted field is never closed`);
      }
      const part = this.#text.slice(this.#at + 1, end);
      this.#line += part.split(/\r\n|\r|\n/).length - 1;
      value += part;
      this.#at = end + 1;
      if (this.#text[this.#at] !== '"') break;
      value += '"';
    }
    if (this.#at < this.#text.length && !this.#isFieldEnd()) {
      throw new CsvSyntaxError(
        `line ${this.#line}: text follows a closing quote; write a quote inside a quoted field twice`,
      );
    }
    return value;
  }

  #isFieldEnd(): boolean {
    const character = this.#text[this.#at];
    return character === this.#delimiter || character === '\n' || character === '\r';
  }

  #endLine(): void {
    if (this.#text[this.#at] === '\r' && this.#text[this.#at + 1] === '\n') this.#at += 1;
    this.#at += 1;
    this.#line += 1;
  }
}

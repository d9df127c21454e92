/** Columns of text for a terminal. */

/** Each column as wide as its longest cell; the last is not padded. Control characters are made visible. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Labels and error texts come from elsewhere and must not move the cursor. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}

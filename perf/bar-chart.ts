/** Horizontal bars as an SVG that reads on light and dark pages. */
import type { Table } from './part.js';

const ROW = 22;
const LABELS = 300;
const BARS = 380;

export function barChart({ title, columns, rows }: Table, column: string): string {
  const at = columns.indexOf(column);
  const bars = rows.flatMap((row) => {
    const value = row[at];
    return typeof value === 'number' && Number.isFinite(value)
      ? [{ label: String(row[0]), value }]
      : [];
  });
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const drawn = bars.map(({ label, value }, i) => {
    const y = 34 + i * ROW;
    const width = Math.max(1, (value / most) * BARS);
    return [
      `<text x="${LABELS - 8}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${LABELS}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
      `<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 13}">${Number(value.toPrecision(3))}</text>`,
    ].join('');
  });
  const height = 44 + bars.length * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LABELS + BARS + 70} ${height}" font-family="system-ui, sans-serif" font-size="12">
<style>text{fill:#57606a}rect{fill:#3b82c4}@media(prefers-color-scheme:dark){text{fill:#a5b0bb}rect{fill:#5ea3e0}}</style>
<text x="8" y="18" font-size="14" font-weight="600">${escaped(`${title}: ${column}`)}</text>
${drawn.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

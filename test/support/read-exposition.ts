/**
 * Reads metrics text as strictly as the formats' own documents say, and throws at the first line that is
 * not allowed: a scraper that is more patient today may not be tomorrow.
 * Sources: OpenMetrics 1.0.0 (ABNF, "Overall Structure", "Metric Types"); Prometheus text format 0.0.4.
 */
export interface ReadSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface ReadFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  unit: string | null;
  readonly samples: ReadSample[];
}

type Format = 'prometheus' | 'openmetrics';

interface Metadata {
  name: string;
  help?: string;
  type?: string;
  unit?: string;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/;
const NUMBER = /^[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf|NaN)$/;

export function readExposition(text: string, format: Format): ReadonlyMap<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('no # EOF at the end');
  const families = new Map<string, ReadFamily>();
  let current: Metadata | null = null;
  let family: ReadFamily | null = null;
  const seen = new Set<string>();
  for (const line of lines) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line.startsWith('#')) {
      const [, key, name, rest] =
        new RegExp(`^# (HELP|TYPE|UNIT) (${NAME}) (.+)$`).exec(line) ?? [];
      if (key === undefined || name === undefined || rest === undefined) fail('bad comment');
      else if (name !== nameOf(current)) {
        if (families.has(name)) fail('family comes twice');
        current = { name };
        family = null;
      }
      const member = String(key).toLowerCase() as 'help' | 'type' | 'unit';
      if (current === null || current[member] !== undefined) return fail('metadata comes twice');
      if (family !== null && (family.samples.length > 0 || member !== 'unit'))
        return fail('metadata after samples');
      if (format === 'prometheus' && member === 'unit') fail('no units in this format');
      current[member] = String(rest);
      if (member === 'unit') {
        if (family === null || !name?.endsWith(`_${String(rest)}`))
          return fail('unit out of place');
        family.unit = String(rest);
      } else if (current.type !== undefined && current.help !== undefined) {
        family = begin(current, format, fail);
        families.set(family.name, family);
      }
      continue;
    }
    const [, name = '', labelText, value = ''] = SAMPLE.exec(line) ?? fail('bad sample');
    if (family === null) return fail('sample of no family');
    if (!sampleNames(family, format).includes(name)) fail(`not a sample of ${family.name}`);
    if (!NUMBER.test(value)) fail('bad number');
    const labels = readLabels(labelText ?? '', fail);
    const key = `${name}|${JSON.stringify([...labels].sort())}`;
    if (seen.has(key)) fail('series comes twice');
    seen.add(key);
    const number = Number(value.replace('Inf', 'Infinity'));
    if (family.type !== 'gauge' && !(number >= 0)) fail('counts are never negative');
    family.samples.push({ name, labels, value: number });
  }
  for (const each of families.values()) if (each.type === 'histogram') checkHistogram(each);
  return families;
}

function begin(
  { name, type, help }: Metadata,
  format: Format,
  fail: (why: string) => never,
): ReadFamily {
  if (type === undefined || help === undefined) return fail('no type or help');
  if (!['counter', 'gauge', 'histogram'].includes(type)) fail(`bad type ${type}`);
  if (format === 'openmetrics' && type === 'counter' && name.endsWith('_total'))
    fail('family of a counter ends with _total');
  return { name, type, help, unit: null, samples: [] };
}

function sampleNames({ name, type }: ReadFamily, format: Format): readonly string[] {
  if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  return [type === 'counter' && format === 'openmetrics' ? `${name}_total` : name];
}

function readLabels(text: string, fail: (why: string) => never): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  let rest = text;
  while (rest !== '') {
    const [all, name, value, comma] = LABEL.exec(rest) ?? fail('bad labels');
    if (name === undefined || value === undefined || labels.has(name)) return fail('label twice');
    const unescaped = value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    labels.set(name, unescaped);
    rest = rest.slice(all.length);
    if (comma === ',' && rest === '') fail('comma at the end');
  }
  return labels;
}

function checkHistogram({ name, samples }: ReadFamily): void {
  const series = new Map<
    string,
    { les: number[]; counts: number[]; count?: number; sum?: number }
  >();
  for (const { name: part, labels, value } of samples) {
    const others = [...labels].filter(([label]) => label !== 'le').sort();
    const key = JSON.stringify(others);
    const each = series.get(key) ?? { les: [], counts: [] };
    series.set(key, each);
    if (part.endsWith('_bucket')) {
      each.les.push(Number((labels.get('le') ?? 'none').replace('+Inf', 'Infinity')));
      each.counts.push(value);
    } else if (part.endsWith('_count')) each.count = value;
    else each.sum = value;
  }
  const isRising = (values: number[]) =>
    values.every((v, i) => i === 0 || v >= (values[i - 1] ?? 0));
  for (const [key, { les, counts, count, sum }] of series) {
    const isWhole = les.at(-1) === Infinity && counts.at(-1) === count && sum !== undefined;
    if (!isWhole || !isRising(les) || !isRising(counts) || new Set(les).size < les.length) {
      throw new Error(`histogram ${name}${key} does not add up`);
    }
  }
}

function nameOf(metadata: Metadata | null): string | undefined {
  return metadata?.name;
}

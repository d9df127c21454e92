/**
 * Metrics as text: Prometheus exposition format 0.0.4 and OpenMetrics 1.0.0. They differ in what a
 * counter's family is called (without `_total` in OpenMetrics), in the unit's line and in the end mark.
 * Sources: prometheus.io, "Exposition formats"; OpenMetrics 1.0.0 (prometheus/OpenMetrics), "ABNF".
 */
import type { MetricFamily, MetricSample } from './metric-family.js';

export type TextFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

const UNITS = ['seconds', 'bytes', 'ratio', 'percent'];
const COUNTER_SUFFIX = '_total';

/** A family without samples is named all the same: dashboards and scrapers learn that it exists. */
export function exposition(families: readonly MetricFamily[], format: TextFormat): string {
  const lines: string[] = [];
  for (const { name, type = 'gauge', help, samples } of families) {
    const family = format === 'openmetrics' ? familyName(name, type) : name;
    lines.push(`# HELP ${family} ${escapeHelp(help, format)}`, `# TYPE ${family} ${type}`);
    const unit = format === 'openmetrics' ? unitOf(family) : null;
    if (unit !== null) lines.push(`# UNIT ${family} ${unit}`);
    for (const each of samples()) lines.push(sampleLine(name, each));
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

/** The unit that a metric's name ends with; null where it counts things. */
export function unitOf(name: string): string | null {
  const base = familyName(name, 'counter');
  return UNITS.find((unit) => base.endsWith(`_${unit}`)) ?? null;
}

function familyName(name: string, type: MetricFamily['type']): string {
  const isCounter = type === 'counter' && name.endsWith(COUNTER_SUFFIX);
  return isCounter ? name.slice(0, -COUNTER_SUFFIX.length) : name;
}

function sampleLine(name: string, { suffix = '', labels, value }: MetricSample): string {
  let pairs = '';
  for (const label in labels) {
    const text = labels[label] ?? '';
    const isPlain = !NOT_PLAIN.test(text);
    pairs += `${pairs === '' ? '' : ','}${label}="${isPlain ? text : escapeLabel(text)}"`;
  }
  return pairs === ''
    ? `${name}${suffix} ${numberText(value)}`
    : `${name}${suffix}{${pairs}} ${numberText(value)}`;
}

const NOT_PLAIN = /[\\"\n]/;

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

/** Quotes are escaped in OpenMetrics only. */
function escapeHelp(text: string, format: TextFormat): string {
  const escaped = text.replace(/[\\\n]/g, (c) => (c === '\n' ? '\\n' : '\\\\'));
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

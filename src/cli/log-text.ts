/** A line of either log for a person at a terminal; who wants every member takes `--json`. */
import { printable } from '../kernel/visible-text.js';
import type { LogLine } from './log-filter.js';

/** What has a place of its own in the text, or is the same in all lines. */
const PLACED = new Set(['time', 'level', 'process', 'pid', 'msg', 'alert']);

export function logText(line: LogLine): string {
  return printable('msg' in line || 'level' in line ? programText(line) : requestText(line));
}

function requestText(line: LogLine): string {
  const said = (name: string): string => text(line[name]);
  const what = [said('method') || said('http'), said('target')].filter((each) => each !== '');
  const times = `${said('totalMs')} ms (queue ${said('queueMs')}, upstream ${said('upstreamMs')})`;
  const status = `${said('status')} ${said('reason')}`;
  const who = `${said('user') || '-'} → ${said('server')}`;
  return `${said('time')} ${status} ${who} ${what.join(' ')} ${times} ${said('bytes')} B ${said('id')}`;
}

function programText(line: LogLine): string {
  const rest = Object.entries(line)
    .filter(([name]) => !PLACED.has(name))
    .map(([name, value]) => `${name}=${text(value)}`);
  const level = text(line['level']).toUpperCase().padEnd(5);
  const said = `${text(line['time'])} ${level} ${text(line['process'])}: ${text(line['msg'])}`;
  return [said, ...rest].join('  ');
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

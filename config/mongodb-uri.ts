/**
 * What is wrong with a MongoDB connection string, as far as its form tells (connection-string specification): found
 * when the file is read, with its place, and not by the driver at the start. Says nothing of what it holds but the
 * names of its parts: nearly every such mistake is a password with a character that should have been escaped.
 */
import type { ProblemText } from './problem.js';

const ESCAPE = 'escape : / ? # [ ] @ % in user and password: @ is %40, / is %2F, % is %25';
const HOST = /^(?:\[[0-9A-Fa-f:.%]+\]|[^\s:[\]/?#@,]+)(?::(\d{1,5}))?$/;

/** Null when nothing is. `uri` begins with mongodb:// or mongodb+srv://. */
export function mongodbUriFault(uri: string): ProblemText | null {
  const [scheme = '', rest = ''] = uri.split(/:\/\/(.*)/s);
  const [beforeOptions = ''] = rest.split('?');
  const at = beforeOptions.lastIndexOf('@');
  if (at !== -1 && !isUserInfo(beforeOptions.slice(0, at))) {
    return { message: 'has a user or password with an unescaped character', hint: ESCAPE };
  }
  const [authority = ''] = beforeOptions.slice(at + 1).split('/');
  if (authority === '') return { message: 'names no host' };
  const hosts = authority.split(',');
  const isSrv = scheme === 'mongodb+srv';
  if (isSrv && (hosts.length > 1 || authority.includes(':'))) {
    return { message: 'must name one host without a port: mongodb+srv:// looks the rest up' };
  }
  if (hosts.every(isHost)) return null;
  return { message: 'has a host or port that is none', hint: at === -1 ? ESCAPE : null };
}

/** `user` or `user:password`, neither with a delimiter or a broken escape. */
function isUserInfo(text: string): boolean {
  return /^(?:[^:/?#[\]@%]|%[0-9A-Fa-f]{2})+(?::(?:[^:/?#[\]@%]|%[0-9A-Fa-f]{2})*)?$/.test(text);
}

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  if (match === null) return false;
  const port = match[1] === undefined ? 27_017 : Number(match[1]);
  return port > 0 && port < 65_536;
}

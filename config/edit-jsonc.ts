/**
 * Changes in the text of a file with comments: whatever is not changed stays as it stands, byte for byte, and what is
 * new is written in the style of the file.
 */
import { createScanner, findNodeAtLocation, getNodeValue, parseTree } from 'jsonc-parser';
import type { Node } from 'jsonc-parser';
import type { SettingPath } from './problem.js';
import type { Rename } from './rename-keys.js';

/** Of jsonc-parser's `SyntaxKind`, which is a const enum. */
const COMMA = 5;
const LINE_COMMENT = 12;
const BLOCK_COMMENT = 13;
const LINE_BREAK = 14;
const SPACE = 15;

const BYTE_ORDER_MARK = '\uFEFF';

/** Sets the value at the path, written in the style of the file; a new key comes last. The text is valid. */
export function setValue(text: string, path: SettingPath, value: unknown): string {
  const { mark, body } = parts(text);
  const node = nodeAt(body, path);
  if (node !== undefined) {
    const after = body.slice(node.offset + node.length);
    return mark + body.slice(0, node.offset) + pretty(value, body, node.offset) + after;
  }
  const above = path.slice(0, -1);
  const parent = nodeAt(body, above);
  const key = String(path.at(-1));
  if (parent?.type === 'object') return mark + withMember(body, parent, key, value);
  return above.length === 0 ? text : setValue(text, above, { [key]: value });
}

function withMember(text: string, object: Node, key: string, value: unknown): string {
  const { unit, eol } = styleOf(text);
  const last = object.children?.at(-1);
  if (last === undefined) {
    const around = indentAt(text, object.offset);
    const member = `${JSON.stringify(key)}: ${pretty(value, text, object.offset, unit)}`;
    const open = object.offset + 1;
    const rest = text.slice(open);
    const isBare = rest.trimStart().startsWith('}');
    return `${text.slice(0, open)}${eol}${around}${unit}${member}${isBare ? eol + around + rest.trimStart() : rest}`;
  }
  const end = last.offset + last.length;
  const comma = commaAfter(text, end);
  const { offset, isOwnLine } = endOfMember(text, comma === null ? end : comma + 1);
  const member = `${JSON.stringify(key)}: ${isOwnLine ? pretty(value, text, last.offset) : JSON.stringify(value)}`;
  const start = isOwnLine ? `${eol}${indentAt(text, last.offset)}` : ' ';
  return [
    text.slice(0, end),
    comma === null ? ',' : '',
    text.slice(end, offset),
    start + member,
    comma === null ? '' : ',',
    text.slice(offset),
  ].join('');
}

/** Behind the comments that stand on the line of a member; whether another member has a line of its own there. */
function endOfMember(text: string, from: number): { offset: number; isOwnLine: boolean } {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  let offset = from;
  for (let token: number = scanner.scan(); ; token = scanner.scan()) {
    if (token === LINE_BREAK) return { offset, isOwnLine: true };
    if (token !== SPACE && token !== LINE_COMMENT && token !== BLOCK_COMMENT) {
      return { offset, isOwnLine: false };
    }
    if (token !== SPACE) offset = scanner.getTokenOffset() + scanner.getTokenLength();
  }
}

/** As a value that begins at the offset; `inner` is what its lines are indented by besides. */
function pretty(value: unknown, text: string, offset: number, inner = ''): string {
  const { unit, eol } = styleOf(text);
  const indent = indentAt(text, offset) + inner;
  return JSON.stringify(value, null, unit).replaceAll('\n', eol + indent);
}

/** Of the line that holds the offset. */
function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
}

/** Takes the key out, with its value and one comma. Every comment stays, also the one on its line. */
export function removeKey(text: string, path: SettingPath): string {
  const { mark, body } = parts(text);
  const property = nodeAt(body, path)?.parent;
  const siblings = property?.parent?.children ?? [];
  if (property === undefined) return text;
  const end = property.offset + property.length;
  const before = siblings[siblings.indexOf(property) - 1];
  const comma =
    commaAfter(body, end) ??
    (before === undefined ? null : commaAfter(body, before.offset + before.length));
  const cuts = [{ from: property.offset, to: end }];
  if (comma !== null) cuts.push({ from: comma, to: comma + 1 });
  cuts.sort((one, other) => other.from - one.from);
  const left = cuts.reduce((rest, { from, to }) => rest.slice(0, from) + rest.slice(to), body);
  const at = property.offset - (comma !== null && comma < property.offset ? 1 : 0);
  return mark + withoutBlankLine(withoutDoubleSpace(left, at), Math.min(at, comma ?? at));
}

/** Where the comma stands that follows, whatever comments lie between; null where none does. */
function commaAfter(text: string, offset: number): number | null {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  const token: number = scanner.scan();
  return token === COMMA ? scanner.getTokenOffset() : null;
}

/** Of the space before a key and that behind its comma one is left. */
function withoutDoubleSpace(text: string, offset: number): string {
  const isDouble = text.slice(offset - 1, offset + 1) === '  ';
  return isDouble ? text.slice(0, offset) + text.slice(offset + 1) : text;
}

/** Takes the line at the offset, or the next one, out where nothing is left on it. */
function withoutBlankLine(text: string, offset: number): string {
  for (const from of [offset, text.indexOf('\n', offset) + 1]) {
    const start = text.lastIndexOf('\n', from - 1) + 1;
    const newline = text.indexOf('\n', from);
    if (newline !== -1 && text.slice(start, newline).trim() === '') {
      return text.slice(0, start) + text.slice(newline + 1);
    }
  }
  return text;
}

function nodeAt(text: string, path: SettingPath) {
  const root = parseTree(text, [], { allowTrailingComma: true });
  return root && findNodeAtLocation(root, [...path]);
}

/** The key where it stands where only its last part is another, so that the comments around it stay its own. */
export function renameInText(text: string, { from, to, value }: Rename): string {
  if (value === undefined) return removeKey(text, from);
  const isSibling = from.length === to.length && from.slice(0, -1).every((key, i) => to[i] === key);
  if (!isSibling) return setValue(removeKey(text, from), to, value);
  const { mark, body } = parts(text);
  const node = nodeAt(body, from);
  const key = node?.parent?.children?.[0];
  if (node === undefined || key === undefined) return text;
  const isAsItWas = JSON.stringify(getNodeValue(node)) === JSON.stringify(value);
  const written = body.slice(node.offset, node.offset + node.length);
  return [
    mark,
    body.slice(0, key.offset),
    JSON.stringify(to.at(-1)),
    body.slice(key.offset + key.length, node.offset),
    isAsItWas ? written : JSON.stringify(value),
    body.slice(node.offset + node.length),
  ].join('');
}

function parts(text: string): { readonly mark: string; readonly body: string } {
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return { mark, body: text.slice(mark.length) };
}

/** One step of indentation, as on its first indented line, and the ends of its lines. */
function styleOf(text: string): { readonly unit: string; readonly eol: string } {
  const indent = /^([ \t]+)["/]/m.exec(text)?.[1] ?? '  ';
  return {
    unit: indent.startsWith('\t') ? '\t' : indent,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

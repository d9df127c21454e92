/**
 * JSON with comments and trailing commas, read so that every setting keeps its position: all syntax errors at once,
 * duplicate keys, and keys that would reach an object's prototype (JSON.parse makes `__proto__` an own key, and a later
 * merge then sets the prototype) are problems here, before any schema looks at the values.
 */
import { findNodeAtLocation, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { tooDeepAt } from './jsonc-depth.js';
import { dotted } from './problem.js';
import type { Problem, ProblemText, SettingPath } from './problem.js';

/** The deepest setting there is lies at a third of this. */
const MAX_DEPTH = 32;

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

export interface JsoncDocument {
  /** Undefined when there is nothing in the file; what could be read of it otherwise. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /**
   * A problem with the value at `path`, or with its key. Where the path is not in the file, the nearest setting above
   * it is pointed at.
   */
  problemAt(path: SettingPath, what: ProblemText): Problem;
  /** 1-based line of the setting; null when it is not in the file. */
  lineOf(path: SettingPath): number | null;
}

export function readJsonc(text: string, file: string): JsoncDocument {
  // Some Windows editors put a byte order mark first, which is no JSON.
  const source = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  const lineStarts = startsOfLines(source);
  const problems: Problem[] = [];
  const errors: ParseError[] = [];
  const depthFault = tooDeepAt(source, MAX_DEPTH);
  const root =
    depthFault === null ? parseTree(source, errors, { allowTrailingComma: true }) : undefined;

  const problem = (offset: number, length: number, path: SettingPath, what: ProblemText) => {
    const line = lineStarts.findLastIndex((start) => start <= offset);
    const start = lineStarts[line] ?? 0;
    const [sourceLine = ''] = source.slice(start, lineStarts[line + 1]).split(/\r?\n/, 1);
    return {
      file,
      line: line + 1,
      column: offset - start + 1,
      length: Math.max(1, Math.min(length, start + sourceLine.length - offset)),
      path: dotted(path),
      message: what.message,
      hint: what.hint ?? null,
      sourceLine: withoutPasswords(sourceLine),
    };
  };

  if (depthFault !== null) {
    const message = `is nested more than ${MAX_DEPTH} levels deep`;
    problems.push(problem(depthFault, 1, [], { message }));
  }
  for (const { error, offset, length } of errors) {
    const isEmpty = root === undefined && printParseErrorCode(error) === 'ValueExpected';
    const what = isEmpty
      ? { message: 'is empty', hint: 'the shortest file that works is {}' }
      : { message: syntaxMessage(error) };
    const found = problem(offset, length, [], what);
    // The parser goes on after a mistake, and what it finds on the same line nearly always follows from the first.
    if (problems.at(-1)?.line !== found.line) problems.push(found);
  }
  const value = toValue(root, [], (node, path, message) => {
    problems.push(problem(node.offset, node.length, path, { message }));
  });

  return {
    value,
    problems,
    problemAt(path, what) {
      const { node, depth } = deepest(root, path);
      const missing = depth < path.length;
      const target = what.at === 'key' || missing ? (keyOf(node) ?? node) : node;
      let offset = target?.offset ?? 0;
      let length = target?.length ?? 1;
      const inner = what.within === undefined ? -1 : source.indexOf(what.within, offset);
      if (what.within !== undefined && inner >= 0 && inner < offset + length) {
        [offset, length] = [inner, what.within.length];
      }
      return problem(offset, length, path, what);
    },
    lineOf(path) {
      const { node, depth } = deepest(root, path);
      if (node === undefined || depth < path.length) return null;
      return lineStarts.findLastIndex((start) => start <= node.offset) + 1;
    },
  };
}

function startsOfLines(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
}

/** What a line is shown for is never a password in a URL of it; columns stay. */
function withoutPasswords(line: string): string {
  const masked = (_: string, before: string, password: string) =>
    before + '*'.repeat(password.length);
  return line.replace(/(:\/\/[^\s"/:@]*:)([^\s"]+)(?=@)/g, masked);
}

/** `CommaExpected` → `comma expected`. */
function syntaxMessage(code: ParseError['error']): string {
  const words = printParseErrorCode(code).replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`);
  return `is not valid JSON: ${words.toLowerCase()}`;
}

/** The node at the longest part of `path` that is in the file, and how long that part is. */
function deepest(
  root: Node | undefined,
  path: SettingPath,
): { node: Node | undefined; depth: number } {
  for (let depth = path.length; depth > 0 && root !== undefined; depth--) {
    const node = findNodeAtLocation(root, path.slice(0, depth));
    if (node !== undefined) return { node, depth };
  }
  return { node: root, depth: 0 };
}

function keyOf(node: Node | undefined): Node | undefined {
  return node?.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
}

type Refuse = (node: Node, path: SettingPath, message: string) => void;

function toValue(node: Node | undefined, path: SettingPath, refuse: Refuse): unknown {
  if (node?.type === 'array') {
    return (node.children ?? []).map((child, i) => toValue(child, [...path, i], refuse));
  }
  return node?.type === 'object' ? toObject(node, path, refuse) : (node?.value as unknown);
}

function toObject(node: Node, path: SettingPath, refuse: Refuse): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const { children = [] } of node.children ?? []) {
    const [key, value] = children;
    if (key === undefined) continue;
    const name = String(key.value);
    const here = [...path, name];
    if (FORBIDDEN_KEYS.has(name)) refuse(key, here, 'is not allowed as a key');
    else if (entries.has(name)) refuse(key, here, 'is here twice; keep one');
    // A key whose value is missing has been reported as a syntax error.
    else if (value !== undefined) entries.set(name, toValue(value, here, refuse));
  }
  return Object.fromEntries(entries);
}

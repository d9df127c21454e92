/**
 * JSON with comments and trailing commas, read so that every setting keeps its position: all syntax errors at once,
 * duplicate keys, and keys that would reach an object's prototype (JSON.parse makes `__proto__` an own key, and a later
 * merge then sets the prototype) are problems here, before any schema looks at the values.
 */
import { findNodeAtLocation, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { tooDeepAt } from './jsonc-depth.js';
import type { Problem, ProblemText, SettingPath } from './problem.js';
import { FORBIDDEN_KEYS, SourceText, START } from './source-text.js';

/** The deepest setting there is lies at a third of this. */
const MAX_DEPTH = 32;

/** A file of settings in whatever language. */
export interface SettingsDocument {
  /** Undefined when there is nothing in the file; what could be read of it otherwise. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /**
   * A problem with the value at `path`, or with its key. Where the path is not in the file, the nearest setting above
   * it is pointed at.
   */
  problemAt(path: SettingPath, what: ProblemText): Problem;
}

export interface JsoncDocument extends SettingsDocument {
  /** 1-based line of the setting; null when it is not in the file. */
  lineOf(path: SettingPath): number | null;
}

export function readJsonc(text: string, file: string): JsoncDocument {
  // Some Windows editors put a byte order mark first, which is no JSON.
  const source = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  const lines = new SourceText(source, file);
  const problems: Problem[] = [];
  const errors: ParseError[] = [];
  const depthFault = tooDeepAt(source, MAX_DEPTH);
  const root =
    depthFault === null ? parseTree(source, errors, { allowTrailingComma: true }) : undefined;

  if (depthFault !== null) {
    const message = `is nested more than ${MAX_DEPTH} levels deep`;
    problems.push(lines.problem({ offset: depthFault, length: 1 }, [], { message }));
  }
  for (const { error, offset, length } of errors) {
    const isEmpty = root === undefined && printParseErrorCode(error) === 'ValueExpected';
    const what = isEmpty
      ? { message: 'is empty', hint: 'the shortest file that works is {}' }
      : { message: syntaxMessage(error) };
    const found = lines.problem({ offset, length }, [], what);
    // The parser goes on after a mistake, and what it finds on the same line nearly always follows from the first.
    if (problems.at(-1)?.line !== found.line) problems.push(found);
  }
  const value = toValue(root, [], (node, path, message) => {
    problems.push(lines.problem(node, path, { message }));
  });

  return {
    value,
    problems,
    problemAt(path, what) {
      const { node, depth } = deepest(root, path);
      const missing = depth < path.length;
      const target = what.at === 'key' || missing ? (keyOf(node) ?? node) : node;
      return lines.problem(target ?? START, path, what);
    },
    lineOf(path) {
      const { node, depth } = deepest(root, path);
      if (node === undefined || depth < path.length) return null;
      return lines.lineAt(node.offset);
    },
  };
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

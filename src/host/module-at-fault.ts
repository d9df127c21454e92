/**
 * Which module ended the host: all run in one process, so the files in a stack are all that tells them apart.
 */
import { dirname, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** `modules`: server name to the module's file. Null where the stack names none, or may mean several. */
export function moduleAtFault(stack: string, modules: ReadonlyMap<string, string>): string | null {
  const named = (partOf: (file: string) => string): string[] =>
    Array.from(modules)
      .filter(([, file]) => isIn(stack, partOf(file)))
      .map(([server]) => server);
  const byFile = named((file) => file);
  const [first, ...others] = byFile.length > 0 ? byFile : named((file) => dirname(file) + sep);
  return others.length === 0 ? (first ?? null) : null;
}

/** ES modules stand there as URLs, others as paths. */
function isIn(stack: string, path: string): boolean {
  return stack.includes(path) || stack.includes(pathToFileURL(path).href);
}

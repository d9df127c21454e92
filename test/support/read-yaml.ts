/**
 * YAML as plain values, for tests of shipped files, by the parser that prettier carries: mappings, lists and texts.
 * Numbers and booleans stay texts. Throws where the file is no YAML, has a key twice, or uses what is not read here.
 */
import { parsers } from 'prettier/plugins/yaml';

export type Yaml = null | string | readonly Yaml[] | { readonly [key: string]: Yaml };

interface Node {
  readonly type: string;
  readonly value?: string;
  readonly children?: readonly (Node | null)[];
}

export function readYaml(text: string): Yaml {
  const root = parsers.yaml.parse(text, {} as never) as Node;
  const body = childrenOf(childrenOf(root)[0]).find(({ type }) => type === 'documentBody');
  return valueOf(childrenOf(body)[0]);
}

/** The value at a path of keys and indices; undefined where there is none. */
export function yamlAt(value: Yaml, ...path: readonly (string | number)[]): Yaml | undefined {
  return path.reduce<Yaml | undefined>(
    (at, key) => (at as Record<string | number, Yaml> | null | undefined)?.[key],
    value,
  );
}

function childrenOf(node: Node | null | undefined): readonly Node[] {
  return (node?.children ?? []).filter((child) => child !== null);
}

const TEXTS = new Set(['plain', 'quoteSingle', 'quoteDouble', 'blockLiteral', 'blockFolded']);
const NULLS = new Set(['', 'null', '~']);

function valueOf(node: Node | undefined): Yaml {
  if (node === undefined || node.type === 'null') return null;
  const children = childrenOf(node);
  if (TEXTS.has(node.type)) {
    const text = node.value ?? '';
    return node.type === 'plain' && NULLS.has(text) ? null : text;
  }
  if (node.type === 'sequence' || node.type === 'flowSequence') {
    return children.map((item) => valueOf(item.type.endsWith('Item') ? childrenOf(item)[0] : item));
  }
  if (node.type !== 'mapping' && node.type !== 'flowMapping') {
    throw new Error(`YAML of the kind ${node.type} is not read here`);
  }
  const entries = new Map<string, Yaml>();
  for (const item of children) {
    const [key, value] = childrenOf(item);
    const name = childrenOf(key)[0]?.value ?? '';
    if (entries.has(name)) throw new Error(`the key ${name} is there twice`);
    entries.set(name, valueOf(childrenOf(value)[0]));
  }
  return Object.fromEntries(entries);
}

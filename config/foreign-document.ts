/** A file of another program, in the language that its name says: JSON with comments, TOML or YAML. */
import { readJsonc, type SettingsDocument } from './jsonc.js';
import { SourceText, START } from './source-text.js';

/** `name`: as problems name the file; without an ending it is read as JSON. The parsers are loaded when they are used. */
export async function readForeign(text: string, name: string): Promise<SettingsDocument> {
  try {
    return await readAsNamed(text, name);
  } catch (thrown) {
    // The parsers call themselves once a level.
    if (!(thrown instanceof RangeError)) throw thrown;
    const source = new SourceText(text, name);
    const problemAt: SettingsDocument['problemAt'] = (path, what) =>
      source.problem(START, path, what);
    const problems = [problemAt([], { message: 'is nested too deep' })];
    return { value: undefined, problems, problemAt };
  }
}

async function readAsNamed(text: string, name: string): Promise<SettingsDocument> {
  if (/\.toml$/i.test(name)) {
    const { readToml } = await import('./toml.js');
    return readToml(text, name);
  }
  if (/\.ya?ml$/i.test(name)) {
    const { readYaml } = await import('./yaml.js');
    return readYaml(text, name);
  }
  return readJsonc(text, name);
}

/**
 * Hands over the API key of the very first start: on the terminal if a person is there to see it, else in
 * a file only the owner can read, because standard output of a service ends in a log.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export async function deliverFirstKey(dataDir: string, text: string): Promise<void> {
  if (process.stdout.isTTY) {
    process.stdout.write(text);
    return;
  }
  const file = join(dataDir, 'first-api-key.txt');
  await writeFile(file, text, { mode: 0o600 });
  process.stdout.write(
    `  first key  written to ${file} (mode 0600); read it, keep the key, delete the file\n`,
  );
}

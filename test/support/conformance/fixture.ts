/** Starts the conformance fixture's HTTP program, and names its stdio program and its module. */
import { join } from 'node:path';
import { startProgram, type ChildProgram } from '../child-program.js';
import { repository } from '../repository.js';

const START_DEADLINE_MS = 30_000;
const directory = join(repository, 'test', 'support', 'conformance-fixture');

export const fixtureStdioProgram = join(directory, 'stdio.mjs');
export const fixtureModule = join(directory, 'module.mjs');

export interface RunningFixture {
  readonly url: string;
  readonly program: ChildProgram;
}

/** The caller must `program.destroy()` it. */
export async function startFixture(node = process.execPath): Promise<RunningFixture> {
  const program = startProgram({
    command: node,
    args: [join(directory, 'http.mjs')],
  });
  try {
    const [, port = ''] = await program.untilOutput(/listening (\d+)/, START_DEADLINE_MS);
    return { url: `http://127.0.0.1:${port}/mcp`, program };
  } catch (error) {
    await program.destroy();
    throw error;
  }
}

/** The public reference servers of the devDependencies, as their users start them. */
import { join } from 'node:path';
import { startProgram, type ChildProgram } from './child-program.js';
import { freePort } from './free-port.js';
import { repository } from './repository.js';

const START_DEADLINE_MS = 30_000;
const installed = (name: string): string =>
  join(repository, 'node_modules', '@modelcontextprotocol', name, 'dist', 'index.js');

export const everythingProgram = installed('server-everything');
export const filesystemProgram = installed('server-filesystem');

/** server-everything over streamable HTTP. The caller must `program.destroy()` it. */
export async function startEverythingHttp(): Promise<{ url: string; program: ChildProgram }> {
  const port = await freePort();
  const program = startProgram({
    command: process.execPath,
    args: [everythingProgram, 'streamableHttp'],
    env: { PORT: String(port) },
  });
  try {
    await program.untilOutput(/listening on port/, START_DEADLINE_MS);
    return { url: `http://127.0.0.1:${port}/mcp`, program };
  } catch (error) {
    await program.destroy();
    throw error;
  }
}

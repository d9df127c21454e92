/** The command line in this process: its output as text, its data in a folder of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createAdminServer } from '../../src/admin/admin-server.js';
import type { AdminOperations } from '../../src/admin/operations.js';
import { runCli } from '../../src/cli/program.js';
import { fakeOperations } from './admin-operations.js';
import { shortDir } from './short-dir.js';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const CONFIG = {
  global: { port: 8099 },
  servers: {
    github: { url: 'https://api.example.com/mcp' },
    'meerkats-table': {},
    old: { enabled: false, url: 'https://old.example.com/mcp' },
  },
};

export interface CliFixture {
  readonly dir: string;
  readonly configPath: string;
  readonly run: (...argv: string[]) => Promise<CliResult>;
  /** Answers the admin socket as a running gateway would; returns what it was asked. */
  readonly gateway: (change?: Partial<AdminOperations>) => Promise<unknown[]>;
}

/** `change`: members of the configuration's `global` to set. */
export function cliFixture(t: Test, change: Readonly<Record<string, unknown>> = {}): CliFixture {
  const dir = shortDir(t);
  const configPath = join(dir, 'config.json');
  const dataDir = join(dir, 'data');
  const global = { ...CONFIG.global, dataDir, ...change };
  writeFileSync(
    configPath,
    JSON.stringify({ ...CONFIG, global, logging: { directory: join(dir, 'logs') } }),
  );
  mkdirSync(join(dir, 'logs'));
  return {
    dir,
    configPath,
    run: async (...argv) => {
      const text = { out: '', err: '' };
      const code = await runCli(['--config', configPath, ...argv], {
        out: (piece) => {
          text.out += piece;
        },
        err: (piece) => {
          text.err += piece;
        },
        isColored: false,
      });
      return { code, ...text };
    },
    gateway: async (operations = {}) => {
      const fake = fakeOperations(operations);
      const socketPath = join(dataDir, 'admin.sock');
      const server = createAdminServer({ socketPath, operations: fake.operations });
      await server.listen();
      t.teardown(() => server.close());
      return fake.asked;
    },
  };
}

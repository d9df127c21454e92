/** nginx with a shipped site file, on a port of the test's own and without TLS. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { startProgram } from './child-program.js';
import { canListen, freePort } from './free-port.js';
import { shortDir } from './short-dir.js';
import { until } from './until.js';

export const hasNginx = spawnSync('nginx', ['-v']).status === 0;

export interface SiteOptions {
  /** Absolute path of the site file, which serves 443 and knows the gateway at 127.0.0.1:8080. */
  readonly file: string;
  readonly gatewayPort: number;
}

/** Resolves with its port when it accepts. It is gone when the test ends. */
export async function startNginxSite(t: Test, options: SiteOptions): Promise<number> {
  const directory = shortDir(t);
  const port = await freePort();
  const site = (await readFile(options.file, 'utf8'))
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`)
    .replace(/^ *(listen \[::\]:443|ssl_certificate).*$/gm, '')
    .replace('127.0.0.1:8080', `127.0.0.1:${options.gatewayPort}`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join(' ');
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `user root; daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr;
events { worker_connections 256; }
http { access_log off; ${temporary}
${site}
}
`,
  );
  const program = startProgram({ command: 'nginx', args: ['-c', file, '-p', directory] });
  t.teardown(() => program.destroy());
  await until(
    async () => {
      if (program.hasExited()) throw new Error(program.output());
      return !(await canListen(port));
    },
    { timeoutMs: 20_000, what: 'nginx' },
  );
  return port;
}

/** nginx as a plain reverse proxy with keep-alive on both sides: the yardstick of a hop. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { started, type Started } from './started.js';

/** Version line, or null where nginx is not installed. */
export function nginxVersion(): string | null {
  try {
    return (
      execFileSync('nginx', ['-v'], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' }) ||
      'nginx'
    );
  } catch {
    return null;
  }
}

export function startNginx(port: number, upstreamPort: number, workers: number): Started {
  const dir = mkdtempSync(join(tmpdir(), 'multi-mcp-nginx-'));
  const file = join(dir, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; worker_processes ${workers}; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 16384; }
http {
  access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  keepalive_requests 1000000; keepalive_timeout 75s;
  upstream fast { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} reuseport backlog=4096;
    location / { proxy_pass http://fast; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  );
  return started(
    spawn('nginx', ['-c', file, '-p', dir], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
}

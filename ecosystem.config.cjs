/**
 * PM2: `./start-production.sh --check` once (it installs and builds), then `pm2 start ecosystem.config.cjs`.
 *
 * Fork mode, one instance: the gateway forks its own workers, and in PM2's cluster mode it refuses to start.
 * `pm2 reload` in fork mode is a stop and a start: clients meet a closed port for the time of a start. Without a gap:
 * `pm2 sendSignal SIGHUP multi-mcp` for the configuration, `npx multi-mcp restart` for the workers.
 */
module.exports = {
  apps: [
    {
      name: 'multi-mcp',
      cwd: __dirname,
      script: 'dist/src/main.js',
      exec_mode: 'fork',
      instances: 1,
      // `pm2 start` returns when all workers listen.
      wait_ready: true,
      listen_timeout: 60_000,
      // Above http.drainTimeout (30 s) and the 18 s in which stdio servers are ended.
      kill_timeout: 60_000,
      // The primary ends its workers itself, in order.
      treekill: false,
      // sysexits.h: command line, permission, configuration; a restart cures none of them.
      stop_exit_codes: [64, 77, 78],
      exp_backoff_restart_delay: 200,
      // What the gateway says before its own logs are open; those are beside them in logs/.
      merge_logs: true,
      out_file: 'logs/pm2-out.log',
      error_file: 'logs/pm2-error.log',
    },
  ],
};

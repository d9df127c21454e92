#!/usr/bin/env bash
# Starts the gateway in production: checks the machine, installs and builds what is not there yet, and
# becomes the server process, so that signals and the pid are the server's own.
#
#   ./start-production.sh [--check] [--config FILE]
#
#   --check         only check; exit 0 when a start would be tried
#   --config FILE   instead of config/server-production.json; a relative FILE starts at the tree's root
# Settings: config/server-production.json and the environment (PORT, HOST, JWT_SECRET, MONGODB_URI, …).
# Exit codes: 64 wrong command line, 69 a tool is missing, 70 the build failed, 78 wrong Node version or configuration.
set -euo pipefail
# Through a symbolic link too: the tree is where the script itself lies.
script=$(readlink -f "${BASH_SOURCE[0]}")
cd "$(dirname "$script")"

say() { printf 'start-production: %s\n' "$*"; }
stop() {
  local code=$1
  shift
  printf 'start-production: %s\n' "$*" >&2
  exit "$code"
}

check_only=false
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    --check) check_only=true ;;
    --config)
      [ $# -ge 2 ] || stop 64 '--config needs a file'
      arguments=("$1" "$2")
      shift
      ;;
    --config=*) arguments=("$1") ;;
    -h | --help)
      sed -n '2,/^# Exit codes/s/^# \{0,1\}//p' "$script"
      exit 0
      ;;
    *) stop 64 "unknown argument $1; see: ./start-production.sh --help" ;;
  esac
  shift
done

command -v node >/dev/null || stop 69 'node is not installed; install Node.js 20.19 or newer'
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  const ok = major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  process.exit(ok ? 0 : 1);
' || stop 78 "Node $(node --version) is not supported; use 20.19+, 22.12+ or 24+"

files=$(ulimit -n)
hard_files=$(ulimit -Hn)
if [ "$files" != unlimited ] && [ "$files" -lt 65536 ]; then
  if [ "$hard_files" = unlimited ] || [ "$hard_files" -ge 65536 ]; then
    ulimit -n 65536 && say "open file limit raised from $files to 65536"
  else
    ulimit -n "$hard_files" || true
    [ "$hard_files" -ge 8192 ] || say "warning: the open file limit is $hard_files; each connection needs one (raise it in limits.conf or the service unit)"
  fi
fi
migrate=$(cat /proc/sys/net/ipv4/tcp_migrate_req 2>/dev/null || echo unknown)
[ "$migrate" != 0 ] || say 'warning: net.ipv4.tcp_migrate_req is 0; rolling restarts may lose queued connections (sysctl -w net.ipv4.tcp_migrate_req=1)'
backlog=$(cat /proc/sys/net/core/somaxconn 2>/dev/null || echo unknown)
if [ "$backlog" != unknown ] && [ "$backlog" -lt 1024 ]; then
  say "warning: net.core.somaxconn is $backlog; bursts of connections will be refused (sysctl -w net.core.somaxconn=4096)"
fi

# npm writes this file last: without it an installation was cut off, or never begun.
if [ ! -f node_modules/.package-lock.json ]; then
  command -v npm >/dev/null || stop 69 'npm is not installed, and the packages are not there yet'
  say 'installing packages (once) …'
  npm ci --ignore-scripts --include=dev --no-audit --no-fund || stop 69 "npm ci failed, see above; is the package registry reachable, and may $(id -un) write to $PWD?"
fi
if [ ! -f dist/src/main.js ] || [ -n "$(find src workers config -name '*.ts' -newer dist/src/main.js -print -quit)" ]; then
  say 'building …'
  npm run --silent build || stop 70 'the build failed; see above'
fi

say 'checking the configuration …'
node dist/src/main.js --check-config ${arguments[@]+"${arguments[@]}"} || exit $?
if [ "$check_only" = true ]; then
  say 'all checks passed'
  exit 0
fi
exec node dist/src/main.js ${arguments[@]+"${arguments[@]}"}

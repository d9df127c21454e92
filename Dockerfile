# Builds with the compiler and the tests' packages, runs with neither. Debian and not Alpine: uWebSockets.js
# is built for glibc.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY config config
COPY src src
COPY workers workers
COPY perf perf
# The binaries of other systems and Node.js versions are half of what would be copied.
RUN npm run --silent build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    && find node_modules/uWebSockets.js -name 'uws_*.node' \
      ! -name "uws_linux_$(node -p 'process.arch + "_" + process.versions.modules').node" -delete \
    && rm -rf node_modules/@libsql/linux-*-musl

FROM node:24-trixie-slim
LABEL org.opencontainers.image.title="Multi-MCP Server" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data \
    LOG_DIR=/logs
WORKDIR /app
# A stdio server that is started by npx needs an image of its own, FROM this one, with npm or the server in it.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /opt/yarn-v* /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && install -d -o node -g node -m 0700 /data /logs
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY config/server-production.json config/server-production.schema.json config/
# node, by number for runtimes that check it.
USER 1000:1000
VOLUME ["/data", "/logs"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "dist/src/cli/main.js", "health"]
# Process 1 of a container must reap: run with --init (compose.yml does).
CMD ["node", "dist/src/main.js"]

/** The first page: is it well, what is busy, who is failing. */
import { html, useState } from './vendor/preact.js';
import { Chart, Sparkline } from './chart.js';
import { bytes, clock, count, duration, ms, percent, perSecond } from './format.js';
import { Machines } from './machines.js';
import { Card, Meter, Pill, Tile, toneOf } from './parts.js';

const QUANTILES = [
  { label: 'p50', tone: 'p50', pick: (point) => point?.p50Ms ?? null },
  { label: 'p95', tone: 'p95', pick: (point) => point?.p95Ms ?? null },
  { label: 'p99', tone: 'p99', pick: (point) => point?.p99Ms ?? null },
];
const RATES = [
  {
    label: 'requests/s',
    tone: 'accent',
    fill: true,
    pick: (point, seconds) => (point?.requests ?? 0) / seconds,
  },
  {
    label: 'refused/s (limits)',
    tone: 'warn',
    pick: (point, seconds) => (point?.refused ?? 0) / seconds,
  },
  { label: 'errors/s', tone: 'bad', pick: (point, seconds) => (point?.errors ?? 0) / seconds },
];

export function Overview({ live, traffic, theme }) {
  const { health, thresholds } = live;
  const nowSeconds = Math.floor(Date.now() / 1000);
  const plot = (server, series) =>
    traffic.columns(
      server,
      series.map(({ pick }) => pick),
      nowSeconds,
    );
  const now = traffic.latest('');
  return html` <${Alerts} alerts=${health.alerts ?? []} />
    <div class="tiles">
      <${Tile}
        label="Requests"
        value="${perSecond(now?.perSecond ?? 0)} /s"
        hint=${now === null ? 'idle' : `${percent((now.errors * 100) / now.requests)} errors, ${percent((now.refused * 100) / now.requests)} refused`}
      />
      <${Tile}
        label="Latency p95"
        value=${ms(now?.p95Ms)}
        hint="p50 ${ms(now?.p50Ms)}, p99 ${ms(now?.p99Ms)}"
        tone=${(now?.p95Ms ?? 0) > thresholds.responseTimeMs ? 'bad' : ''}
      />
      <${Tile} label="In flight" value=${count(health.connectionPool.inFlight)}
        ><${Meter}
          value=${health.connectionPool.leased}
          of=${health.connectionPool.limit}
          label="slots in use"
      /><//>
      <${Tile}
        label="Queue"
        value=${count(health.connectionPool.queued)}
        tone=${health.connectionPool.queued > 0 ? 'warn' : ''}
        ><${Meter}
          value=${health.connectionPool.queued}
          of=${health.connectionPool.queueMaxSize}
          label="places in the queue"
      /><//>
      <${Tile}
        label="Clients"
        value=${count(health.connectionPool.clientConnections)}
        hint="connections, ${count(health.connectionPool.listening)} listening streams"
      />
      <${Machine} system=${health.system} thresholds=${thresholds} />
    </div>
    <div class="two">
      <${Card} title="Latency" id="latency" note="request to last byte, all servers"
        ><${Chart}
          label="Latency percentiles of the last ten minutes"
          series=${QUANTILES}
          data=${plot('', QUANTILES)}
          format=${ms}
          theme=${theme}
      /><//>
      <${Card} title="Traffic" id="traffic" note="all servers"
        ><${Chart}
          label="Requests per second of the last ten minutes"
          series=${RATES}
          data=${plot('', RATES)}
          format=${perSecond}
          theme=${theme}
      /><//>
    </div>
    <${Servers} servers=${health.servers} traffic=${traffic} plot=${plot} theme=${theme} />
    <div class="two">
      <${Limits} health=${health} />
      <div class="stack">
        <${Workers} health=${health} />
        <${Machines} machines=${health.machines} />
        <${PastAlerts} notices=${live.pastAlerts ?? []} cooldownMs=${thresholds.alertCooldownMs} />
      </div>
    </div>`;
}

function Machine({ system, thresholds }) {
  if (system === null || system === undefined) return null;
  const { cpu, memory } = system;
  const isHot =
    cpu.usedPercent > thresholds.cpuPercent || memory.usedPercent > thresholds.memoryPercent;
  return html`<${Tile}
    label="Machine"
    value="${percent(cpu.usedPercent)} CPU"
    tone=${isHot ? 'warn' : ''}
    hint="${percent(memory.usedPercent)} of ${bytes(memory.limitBytes)} memory${memory.limitedBy === 'cgroup' ? ' (cgroup)' : ''}"
  />`;
}

/** Those that hold now. */
function Alerts({ alerts }) {
  if (alerts.length === 0) return null;
  return html`<section class="alerts" aria-label="Active alerts">
    ${alerts.map(
      ({ alert, title, target, severity, message, look, since, suppressed, cooldownLeftMs }) =>
        html`<div class="alert ${toneOf(severity)}" role="status" key=${`${alert} ${target}`}>
          <${Pill} state=${severity} />
          <div>
            <strong>${title ?? alert}${target ? ` · ${target}` : ''}</strong>
            <p>${message}</p>
            <p class="hint">Look closer: <code>${look}</code></p>
          </div>
          <span class="hint">${alertTimes({ since, suppressed, cooldownLeftMs })}</span>
        </div>`,
    )}
  </section>`;
}

function alertTimes({ since, suppressed, cooldownLeftMs }) {
  return [
    `for ${duration((Date.now() - Date.parse(since)) / 1000)}`,
    ...(suppressed > 0 ? [`${count(suppressed)} repeats held back`] : []),
    ...(cooldownLeftMs > 0
      ? [`told again in ${duration(cooldownLeftMs / 1000)} at the earliest`]
      : []),
  ].join(', ');
}

function PastAlerts({ notices, cooldownMs }) {
  return html`<${Card}
    title="Alerts"
    id="alerts"
    note="the last messages; one per cause in ${duration(cooldownMs / 1000)}"
  >
    ${
      notices.length === 0
        ? html`<p class="empty">
            None since the start. <code>multi-mcp alerts test</code> tries where they go.
          </p>`
        : html`<ul class="past">
            ${notices.map(
              (notice) =>
                html`<li key=${`${notice.alert} ${notice.target} ${notice.at} ${notice.kind}`}>
                  <time>${clock(notice.at)}</time>
                  <${Pill} state=${notice.kind === 'recovery' ? 'ok' : notice.severity}
                    >${notice.kind === 'recovery' ? 'over' : notice.severity}<//
                  >
                  <span
                    >${notice.message}${notice.target ? html` <span class="kind">${notice.target}</span>` : ''}</span
                  >
                </li>`,
            )}
          </ul>`
    }
  <//>`;
}

function Servers({ servers, traffic, plot, theme }) {
  const [opened, setOpened] = useState(null);
  const names = Object.keys(servers);
  if (names.length === 0) {
    return html`<${Card} title="Servers" id="servers"
      ><p class="empty">
        No servers yet. Add one below <code>"servers"</code> in the configuration;${' '}
        <code>multi-mcp validate</code> checks it.
      </p><//
    >`;
  }
  const toggle = (name) => setOpened(opened === name ? null : name);
  return html`<${Card}
    title="Servers"
    id="servers"
    note="${names.length} configured; a name opens its details"
    ><div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Server</th>
            <th scope="col">State</th>
            <th scope="col">Breaker</th>
            <th scope="col">Slots</th>
            <th scope="col" class="number">Queue</th>
            <th scope="col" class="number">Rate</th>
            <th scope="col" class="number">p50</th>
            <th scope="col" class="number">p95</th>
            <th scope="col" class="number">p99</th>
            <th scope="col" class="number">Failed</th>
            <th scope="col">10 min</th>
          </tr>
        </thead>
        <tbody>
          ${names.map((name) => html`<${Server} key=${name} name=${name} server=${servers[name]} traffic=${traffic} plot=${plot} theme=${theme} isOpen=${opened === name} onToggle=${() => toggle(name)} />`)}
        </tbody>
      </table>
    </div><//
  >`;
}

function Server({ name, server, traffic, plot, theme, isOpen, onToggle }) {
  const now = traffic.latest(name, 12);
  const breaker = server.circuitBreaker;
  const spark = plot(name, [{ pick: (point) => point?.requests ?? 0 }])[1];
  return html`<tr class=${isOpen ? 'opened' : ''}>
      <th scope="row">
        <button type="button" class="link" aria-expanded=${isOpen} onClick=${onToggle}>
          <span class="twist" aria-hidden="true">${isOpen ? '▾' : '▸'}</span>${name}</button
        ><span class="kind">${server.kind}</span>
      </th>
      <td><${Pill} state=${server.state} /></td>
      <td>${breaker === undefined ? '–' : html`<${Pill} state=${breaker.state} />`}</td>
      <td>
        ${server.limit === undefined ? '–' : html`<${Meter} value=${server.inFlight} of=${server.limit} label="slots of ${name} in use" />`}
      </td>
      <td class="number">${server.queued ?? '–'}</td>
      <td class="number">${now === null ? '–' : `${perSecond(now.perSecond)} /s`}</td>
      <td class="number">${ms(now?.p50Ms)}</td>
      <td class="number">${ms(now?.p95Ms)}</td>
      <td class="number">${ms(now?.p99Ms)}</td>
      <td class="number">${now === null ? '–' : percent((now.errors * 100) / now.requests)}</td>
      <td>
        ${spark.some((value) => value > 0) ? html`<${Sparkline} values=${spark} label="requests to ${name}" />` : '–'}
      </td>
    </tr>
    ${
      isOpen &&
      html`<tr class="details">
        <td colspan="11">
          <${NextStep} name=${name} server=${server} />
          <div class="two">
            <${Chart}
              label="Latency of ${name}"
              series=${QUANTILES}
              data=${plot(name, QUANTILES)}
              format=${ms}
              theme=${theme}
              height=${150}
            /><${Facts} server=${server} />
          </div>
        </td>
      </tr>`
    }`;
}

/** Every red thing has a next step. */
function NextStep({ name, server }) {
  const steps = [];
  if (server.state === 'failing')
    steps.push(
      html`It does not start: <code>multi-mcp servers test ${name}</code> tells why, step by step.`,
    );
  if (server.circuitBreaker?.state === 'open')
    steps.push(
      html`Its calls fail, so they are refused for now and one probe at a time looks for its return.
        Look at the server itself, then at <code>multi-mcp logs --requests -f</code>.`,
    );
  if (server.queued > 0)
    steps.push(
      html`Calls wait for a slot: raise${' '}<code
          >servers.${name}.connectionPool.maxConnections</code
        >
        if the server can take more.`,
    );
  if (server.state === 'disabled') steps.push(html`Switched off by <code>"enabled": false</code>.`);
  return steps.length === 0
    ? null
    : html`<ul class="steps">
        ${steps.map((step) => html`<li>${step}</li>`)}
      </ul>`;
}

/** They have a column of their own. */
const SHOWN_ALREADY = new Set(['enabled', 'kind', 'state', 'inFlight', 'queued', 'limit']);

function Facts({ server }) {
  const rows = Object.entries(server)
    .filter(([key]) => !SHOWN_ALREADY.has(key))
    .flatMap(([key, value]) => flatten(key, value))
    .filter(([, value]) => value !== null && value !== '');
  return html`<dl class="facts">
    ${rows.map(
      ([key, value]) =>
        html`<div key=${key}>
          <dt>${words(key)}</dt>
          <dd>${String(value)}</dd>
        </div>`,
    )}
  </dl>`;
}

function flatten(key, value) {
  if (typeof value !== 'object' || value === null) return [[key, value]];
  if (Array.isArray(value))
    return [
      [
        key,
        value.map((each) => (typeof each === 'object' ? JSON.stringify(each) : each)).join(', '),
      ],
    ];
  return Object.entries(value).flatMap(([inner, each]) => flatten(`${key} ${inner}`, each));
}

function words(key) {
  return key
    .replace(/Ms\b/, ' (ms)')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

function Limits({ health }) {
  const { rateLimiting: rate, connectionPool: pool } = health;
  const effective = rate.effective ?? {};
  const row = (name, configured, now, unit) =>
    html`<tr>
      <th scope="row">${name}</th>
      <td class="number">${configured ?? 'none'}</td>
      <td class="number">${now ?? '–'}</td>
      <td>${unit}</td>
    </tr>`;
  const scaled = rate.perServerPerSecond === null ? null : rate.perServerPerSecond * rate.scale;
  const isUsual = (value) => scaled !== null && Math.abs(value - scaled) < 0.5;
  const servers = Object.entries(effective.serverPerSecond ?? {});
  const usual = servers.find(([, value]) => isUsual(value))?.[1];
  const own = servers.filter(([, value]) => !isUsual(value));
  return html`<${Card}
    title="Limits"
    id="limits"
    note=${rate.scale < 1 ? `rates shrunk to ${percent(rate.scale * 100)} under load` : 'all rates in full'}
  >
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Limit</th>
            <th scope="col" class="number">Set</th>
            <th scope="col" class="number">Now</th>
            <th scope="col">Unit</th>
          </tr>
        </thead>
        <tbody>
          ${row('Gateway rate', rate.gatewayTokensPerSecond, number(effective.gatewayPerSecond), 'requests/s')}
          ${row('Rate of a user', rate.perUserPerSecond, number(effective.userPerSecond), 'requests/s')}
          ${row('Rate of a server', rate.perServerPerSecond, number(usual), 'requests/s')}
          ${own.map(([name, value]) => row(`Rate of ${name}`, 'its own', number(value), 'requests/s'))}
          ${row('Slots in all', pool.maxTotalConnections, pool.inFlight, 'calls in flight')}
          ${row('Slots of a user', pool.maxConcurrentRequestsPerUser, null, 'calls in flight')}
          ${row('Users with calls', '–', pool.users, 'users')}
        </tbody>
      </table>
    </div>
    <p class="hint">Who was refused last is under <a href="#requests">Requests</a>.</p><//
  >`;
}

function number(value) {
  return value === null || value === undefined ? null : perSecond(value);
}

function Workers({ health }) {
  return html`<${Card} title="Processes" id="workers" note="pid ${health.pid}"
    ><div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Clients</th>
            <th scope="col" class="number">Loop delay</th>
            <th scope="col" class="number">Memory</th>
            <th scope="col" class="number">Restarts</th>
          </tr>
        </thead>
        <tbody>
          ${health.workers.map(
            (worker) =>
              html`<tr key=${`w${worker.index}`}>
                <th scope="row">
                  worker ${worker.index + 1}<span class="kind">${worker.front ?? ''}</span>
                </th>
                <td><${Pill} state=${worker.state} /></td>
                <td class="number">${worker.connections ?? '–'}</td>
                <td class="number">${ms(worker.eventLoopDelayMs)}</td>
                <td class="number">${bytes(worker.rssBytes)}</td>
                <td class="number">${worker.restarts}</td>
              </tr>`,
          )}
          ${(health.upstreamHosts ?? []).map(
            (host) =>
              html`<tr key=${`h${host.index}`}>
                <th scope="row">upstream host ${host.index + 1}</th>
                <td><${Pill} state=${host.state} /></td>
                <td class="number">–</td>
                <td class="number">${ms(host.eventLoopDelayMs)}</td>
                <td class="number">${bytes(host.rssBytes)}</td>
                <td class="number">${host.restarts}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div><//
  >`;
}

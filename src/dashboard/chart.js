/** uPlot as a component: drawn in the colours of the theme, redrawn as data and width change. */
import { html, useEffect, useRef } from './vendor/preact.js';

/* global uPlot */

function clockOf(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
  });
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function options(series, format, width, height) {
  const axis = {
    stroke: color('muted'),
    grid: { stroke: color('line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    legend: { live: true },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.15 : 1] } },
    axes: [
      { ...axis, space: 70, size: 32, values: (_plot, ticks) => ticks.map(clockOf) },
      { ...axis, size: 62, values: (_plot, ticks) => ticks.map((tick) => format(tick)) },
    ],
    series: [
      {
        label: 'at',
        value: (_plot, at) => (at === null ? '' : new Date(at * 1000).toLocaleTimeString('en-GB')),
      },
      ...series.map(({ label, tone, fill }) => ({
        label,
        stroke: color(tone),
        width: 1.75,
        ...(fill ? { fill: `color-mix(in srgb, ${color(tone)} 14%, transparent)` } : {}),
        points: { show: false },
        value: (_plot, value) => (value === null || value === undefined ? '–' : format(value)),
      })),
    ],
  };
}

/** `data`: columns, times first. `theme` only makes it drawn anew. */
export function Chart({ label, series, data, format, theme, height = 190 }) {
  const place = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    const node = place.current;
    plot.current = new uPlot(options(series, format, node.clientWidth, height), data, node);
    const resized = new ResizeObserver(() => {
      plot.current?.setSize({ width: node.clientWidth, height });
    });
    resized.observe(node);
    return () => {
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [theme]);
  useEffect(() => {
    plot.current?.setData(data);
    // While nobody points at a moment, the legend tells the latest.
    if (plot.current?.cursor.idx == null) plot.current?.setLegend({ idx: data[0].length - 1 });
  }, [data]);
  const isEmpty = data
    .slice(1)
    .every((column) => column.every((value) => value === null || value === 0));
  return html`<figure class="chart" role="img" aria-label=${label}>
    <figcaption>${label}</figcaption>
    <div ref=${place}></div>
    ${isEmpty && html`<p class="empty over">No requests in the last ten minutes.</p>`}
  </figure>`;
}

/** A line of a few dozen points without axes. */
export function Sparkline({ values, label }) {
  const highest = Math.max(1e-9, ...values);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map(
    (value, index) => `${(index * step).toFixed(1)},${(23 - (value / highest) * 21).toFixed(1)}`,
  );
  return html`<svg
    class="spark"
    viewBox="0 0 100 24"
    preserveAspectRatio="none"
    role="img"
    aria-label=${label}
  >
    <polyline points=${points.join(' ')} />
  </svg>`;
}

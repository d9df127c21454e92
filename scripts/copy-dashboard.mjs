/**
 * The dashboard has no build step of its own: its files are copied as they are, beside the two libraries it uses and
 * their licences, to where the HTTP workers serve them from.
 */
import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';

const SOURCE = 'src/dashboard';
const TARGET = 'dist/dashboard';
const VENDOR = [
  ['node_modules/htm/preact/standalone.module.js', 'preact.js'],
  ['node_modules/htm/LICENSE', 'htm-licence.txt'],
  ['node_modules/uplot/dist/uPlot.iife.min.js', 'uplot.js'],
  ['node_modules/uplot/dist/uPlot.min.css', 'uplot.css'],
  ['node_modules/uplot/LICENSE', 'uplot-licence.txt'],
];

export function copyDashboard() {
  rmSync(TARGET, { recursive: true, force: true });
  cpSync(SOURCE, TARGET, { recursive: true });
  mkdirSync(`${TARGET}/vendor`, { recursive: true });
  for (const [from, name] of VENDOR) copyFileSync(from, `${TARGET}/vendor/${name}`);
}

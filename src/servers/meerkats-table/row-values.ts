/**
 * From the objects of a call to cells in column order: missing values take the default, unknown keys
 * and wrong types become problems. All problems of all rows are gathered before anything is refused.
 */
import { parseCell, type Cell } from './cell-values.js';
import { MAX_ROW_BYTES } from './limits.js';
import { columnIndex, unknownColumn, type Column, type Row } from './table-schema.js';
import { listProblems, quote, ToolProblem } from './tool-problem.js';

/** New cells by column place, for `update_rows`. */
export type Assignments = ReadonlyMap<number, Cell>;

/** Turns row objects into cells; throws one ToolProblem that lists what is wrong with which row. */
export function parseRows(columns: readonly Column[], values: readonly unknown[]): Cell[][] {
  const problems: string[] = [];
  const rows = values.map((value, index) => {
    const ofRow: string[] = [];
    const row = parseRow(columns, value, ofRow);
    problems.push(...ofRow.map((problem) => `row ${index + 1}: ${problem}`));
    return row;
  });
  if (problems.length > 0)
    throw listProblems('Nothing was written. Correct these and send all rows again:', problems);
  return rows;
}

/** What `update_rows` sets, checked. */
export function parseAssignments(columns: readonly Column[], value: unknown): Assignments {
  const problems: string[] = [];
  const assignments = parseMembers(columns, value, problems);
  for (const [index, cell] of assignments) {
    const column = columns[index];
    if (cell === null && column?.required === true) {
      problems.push(`column "${column.name}" is required and cannot be set to null`);
    }
  }
  if (problems.length > 0) throw listProblems('Nothing was changed:', problems);
  if (assignments.size === 0) throw new ToolProblem('"set" names no column; give at least one.');
  return assignments;
}

/** Empty cells take the default; a required column that is still empty is a problem. */
export function completeRow(
  columns: readonly Column[],
  given: Assignments,
  report: (problem: string) => void,
): Cell[] {
  const cells = columns.map((column, index) => {
    // A null that was given on purpose stays null; only what is absent takes the default.
    const cell = given.get(index);
    const value = cell === undefined ? column.default : cell;
    if (value === null && column.required) report(`column "${column.name}" is required`);
    return value;
  });
  const problem = rowSizeProblem(cells);
  if (problem !== null) report(problem);
  return cells;
}

/** The row with some cells replaced; throws when it would grow too large. */
export function assign(row: Row, assignments: Assignments): Row {
  const cells = row.cells.map((cell, index) => {
    const assigned = assignments.get(index);
    return assigned === undefined ? cell : assigned;
  });
  const problem = rowSizeProblem(cells);
  if (problem !== null) throw new ToolProblem(`Nothing was changed: _row ${row.id}: ${problem}.`);
  return { id: row.id, cells };
}

function parseRow(columns: readonly Column[], value: unknown, problems: string[]): Cell[] {
  const given = parseMembers(columns, value, problems);
  // A wrong value must not be reported a second time as a missing one.
  if (problems.length > 0) return [];
  return completeRow(columns, given, (problem) => problems.push(problem));
}

function parseMembers(
  columns: readonly Column[],
  value: unknown,
  problems: string[],
): Map<number, Cell> {
  const cells = new Map<number, Cell>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`expected an object of column names and values, got ${quote(value)}`);
    return cells;
  }
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    const index = columnIndex(columns, name);
    const column = columns[index];
    if (column === undefined) {
      problems.push(unknownColumn(columns, name));
    } else if (cells.has(index)) {
      problems.push(`column "${column.name}" is given twice`);
    } else {
      const parsed = parseCell(column.type, member);
      if (parsed.ok) cells.set(index, parsed.value);
      else problems.push(`column "${column.name}": ${parsed.problem}`);
    }
  }
  return cells;
}

function rowSizeProblem(cells: readonly Cell[]): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(cells));
  return bytes <= MAX_ROW_BYTES
    ? null
    : `is ${bytes} bytes as JSON; a row holds at most ${MAX_ROW_BYTES}`;
}

/**
 * Checks values against the schemas that a module declares: plain JSON Schema with ajv, Standard Schema
 * (zod 4 and others) with its own `validate`. Compiled once, when the module is loaded, so a schema
 * that cannot be compiled stops the module and not a call. Formats are not checked, as JSON Schema
 * 2020-12 has it by default; nothing is ever fetched (RELIABILITY §6 row 7).
 */
import { Ajv, type ErrorObject, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { memberOf } from '../mcp/message-members.js';
import type { JsonSchema, StandardSchema } from '../servers/module-api.js';

export type Checked =
  | { readonly isValid: true; readonly value: unknown }
  /** `problems` is one line for a model or a person to mend its call by. */
  | { readonly isValid: false; readonly problems: string };

export interface ValueCheck {
  /** What `tools/list` shows. */
  readonly jsonSchema: JsonSchema;
  readonly check: (value: unknown) => Checked | Promise<Checked>;
}

const MAX_PROBLEMS = 5;
const AJV_OPTIONS: Options = { strict: false, validateFormats: false, logger: false };

/** Throws what the compiler says when the schema is not usable. */
export function compileCheck(schema: JsonSchema | StandardSchema): ValueCheck {
  return isStandardSchema(schema) ? standardCheck(schema) : jsonSchemaCheck(schema);
}

function jsonSchemaCheck(jsonSchema: JsonSchema): ValueCheck {
  const dialect = jsonSchema['$schema'];
  const isOld = typeof dialect === 'string' && /draft-0[67]/.test(dialect);
  // An instance each: two tools may use one `$id`.
  const ajv = isOld ? new Ajv(AJV_OPTIONS) : new Ajv2020(AJV_OPTIONS);
  const validate = ajv.compile(jsonSchema);
  return {
    jsonSchema,
    check: (value) =>
      validate(value)
        ? { isValid: true, value }
        : { isValid: false, problems: describeErrors(validate.errors ?? []) },
  };
}

function describeErrors(errors: readonly ErrorObject[]): string {
  return errors
    .slice(0, MAX_PROBLEMS)
    .map(({ instancePath, message = 'is not valid', params }) => {
      const path = instancePath.slice(1).replaceAll('/', '.');
      const extra: unknown = memberOf(params, 'additionalProperty');
      const detail = typeof extra === 'string' ? `${message} ("${extra}")` : message;
      return path === '' ? detail : `${path}: ${detail}`;
    })
    .join('; ');
}

function isStandardSchema(schema: JsonSchema | StandardSchema): schema is StandardSchema {
  const standard = memberOf(schema, '~standard') ?? inherited(schema);
  return typeof memberOf(standard, 'validate') === 'function';
}

/** Schema libraries may keep the member on a prototype. */
function inherited(schema: JsonSchema | StandardSchema): unknown {
  return '~standard' in schema ? schema['~standard'] : undefined;
}

function standardCheck(schema: StandardSchema): ValueCheck {
  return {
    jsonSchema: standardJsonSchema(schema),
    async check(value) {
      const result: unknown = await schema['~standard'].validate(value);
      const issues = memberOf(result, 'issues');
      return issues === undefined
        ? { isValid: true, value: memberOf(result, 'value') }
        : { isValid: false, problems: describeIssues(issues) };
    },
  };
}

function describeIssues(issues: unknown): string {
  if (!Array.isArray(issues)) return 'is not valid';
  return issues
    .slice(0, MAX_PROBLEMS)
    .map((issue: unknown) => {
      const path = memberOf(issue, 'path');
      const said = memberOf(issue, 'message');
      const message = typeof said === 'string' ? said : 'is not valid';
      return Array.isArray(path) && path.length > 0
        ? `${path.map(pathStep).join('.')}: ${message}`
        : message;
    })
    .join('; ');
}

/** A step is a key, or an object that holds one. */
function pathStep(step: unknown): string {
  return String(memberOf(step, 'key') ?? step);
}

/** The schema library's own conversion where it has one (Standard JSON Schema), else zod's. */
function standardJsonSchema(schema: StandardSchema): JsonSchema {
  const standard: unknown = schema['~standard'];
  const convert = memberOf(memberOf(standard, 'jsonSchema'), 'input');
  const converted: unknown =
    typeof convert === 'function'
      ? Reflect.apply(convert, undefined, [{ target: 'draft-2020-12' }])
      : isZodType(schema)
        ? z.toJSONSchema(schema, { io: 'input' })
        : undefined;
  if (!isJsonSchema(converted)) {
    throw new Error(
      'the schema cannot be shown as JSON Schema; declare a plain JSON Schema instead',
    );
  }
  return converted;
}

/** Any zod 4 copy: `instanceof` would know only ours. */
function isZodType(schema: unknown): schema is z.ZodType {
  return typeof schema === 'object' && schema !== null && '_zod' in schema;
}

function isJsonSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// JSON Schemas as strict targets take them. Only schemas are looked at: a member of a tool's own may have any name.

import { claim } from './claims.mjs';

/** Calls back for every schema within one, itself first. */
export function eachSchema(schema, visit, where = 'schema') {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) {
    return;
  }
  visit(schema, where);
  for (const name of ['properties', '$defs', 'definitions', 'patternProperties']) {
    for (const [key, inner] of Object.entries(schema[name] ?? {})) {
      eachSchema(inner, visit, `${where}.${name}.${key}`);
    }
  }
  for (const name of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    (schema[name] ?? []).forEach((inner, i) => eachSchema(inner, visit, `${where}.${name}.${i}`));
  }
  for (const name of ['items', 'not', 'additionalProperties', 'if', 'then', 'else', 'contains']) {
    eachSchema(schema[name], visit, `${where}.${name}`);
  }
}

/** OpenAI's strict mode: every object closed, every member required, and no choice but anyOf. */
export function checkStrict(schema, where) {
  claim(schema.type === 'object', `${where}: schema must have type 'object' at its root`);
  eachSchema(schema, (one, at) => {
    for (const word of ['oneOf', 'allOf', 'not', 'if', 'patternProperties', 'uniqueItems', 'contains']) {
      claim(one[word] === undefined, `${at}: '${word}' is not permitted`);
    }
    if (one.type === 'object' || one.properties) {
      claim(one.additionalProperties === false, `${at}: 'additionalProperties' is required to be supplied and to be false`);
      const missing = Object.keys(one.properties ?? {}).filter((name) => !(one.required ?? []).includes(name));
      claim(missing.length === 0, `${at}: 'required' must include every key in properties. Missing '${missing[0]}'`);
    }
  }, where);
}

/** OpenAI's functions, strict or not. */
export function checkParameters(schema, isStrict, where) {
  claim(schema.type === 'object', `${where}: type must be 'object'`);
  claim(typeof schema.properties === 'object', `${where}: object schema missing properties`);
  if (isStrict) {
    checkStrict(schema, where);
  }
}

const formats = [
  'date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid',
];

/** Anthropic's form of an answer. */
export function checkSubset(schema, where) {
  eachSchema(schema, (one, at) => {
    for (const word of [
      'oneOf', 'not', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength',
      'maxLength', 'pattern', 'maxItems', 'uniqueItems', 'if', 'patternProperties',
    ]) {
      claim(one[word] === undefined, `${at}: '${word}' is not supported`);
    }
    claim(one.type !== 'object' || one.additionalProperties === false,
      `${at}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
    claim(one.format === undefined || formats.includes(one.format), `${at}: format '${one.format}' is not supported`);
  }, where);
}

// Google's own command-line agent sends `$schema` with its tools.
const googleWords = [
  '$schema', '$id', '$defs', '$ref', '$anchor', 'type', 'format', 'title', 'description', 'enum', 'items', 'prefixItems',
  'minItems', 'maxItems', 'minimum', 'maximum', 'anyOf', 'oneOf', 'properties', 'additionalProperties', 'required',
  'propertyOrdering',
];

/** Google's JSON Schema, of which not every word is known. */
export function checkGoogle(schema, where) {
  eachSchema(schema, (one, at) => {
    const other = Object.keys(one).filter((word) => !googleWords.includes(word));
    claim(other.length === 0, `${at}: Unknown name "${other[0]}"`);
    claim(one.$ref === undefined || Object.keys(one).every((word) => word.startsWith('$')),
      `${at}: $ref may have no siblings`);
  }, where);
}

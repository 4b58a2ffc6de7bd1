/** The formats that schemas may ask for: those of ajv-formats, on text of a length that they are meant for. */
import type { Ajv, Format } from 'ajv';
import formats, { type FormatName } from 'ajv-formats';
import { charge } from './validation-budget';

/** Characters of text whose format is looked at; longer text does not have it. Nothing that has a format is as long. */
const FORMATTED_LENGTH = 8 * 1024;
/** The one expression that can take the square of the text's length. */
const SQUARED = new Set<FormatName>(['url']);
/** Characters that a step of the budget pays for. */
const CHARACTERS_PER_STEP = 4;
const SQUARES_PER_STEP = 256;

const OF_TEXT: readonly FormatName[] = [
  'date',
  'time',
  'date-time',
  'iso-time',
  'iso-date-time',
  'duration',
  'uri',
  'uri-reference',
  'uri-template',
  'url',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'regex',
  'uuid',
  'json-pointer',
  'json-pointer-uri-fragment',
  'relative-json-pointer',
];
const OF_NUMBERS: readonly FormatName[] = ['int32', 'int64', 'float', 'double'];

/** Other formats are names that Ajv passes over. */
export function addFormats(ajv: Ajv): void {
  for (const name of OF_NUMBERS) ajv.addFormat(name, formats.get(name));
  for (const name of OF_TEXT) {
    const matches = predicateOf(formats.get(name));
    const squared = SQUARED.has(name);
    ajv.addFormat(name, (text: string) => {
      const { length } = text;
      if (length > FORMATTED_LENGTH) return false;
      charge(Math.ceil(squared ? length ** 2 / SQUARES_PER_STEP : length / CHARACTERS_PER_STEP));
      return matches(text);
    });
  }
}

function predicateOf(format: Format): (text: string) => boolean {
  const check = typeof format === 'object' && 'validate' in format ? format.validate : format;
  if (check instanceof RegExp) return (text) => check.test(text);
  // Those of text are expressions, or functions that answer at once.
  if (typeof check === 'function') return (text) => (check as (text: string) => unknown)(text) === true;
  return () => true;
}

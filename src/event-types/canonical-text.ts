/** One text for all forms of a JSON value: the order of keys does not count. */
import { charge } from './validation-budget';

/** Characters of text that a step of the budget pays for, and the steps of an element whatever its length. */
const CHARACTERS_PER_STEP = 4;
const STEPS_PER_ELEMENT = 4;

export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalText(inner)}`).join(',')}}`;
}

/** Whether no element is there twice. For validation: its steps count. */
export function allDifferent(elements: readonly unknown[]): boolean {
  const seen = new Set<string>();
  for (const element of elements) {
    const text = canonicalText(element);
    charge(STEPS_PER_ELEMENT + Math.ceil(text.length / CHARACTERS_PER_STEP));
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

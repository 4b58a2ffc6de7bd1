/** The registry is complete in both directions: what is in it is documented and used, and nothing else is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS, isErrorCode, Status, type Channel, type ErrorEntry } from './error-registry';

const ROOT = join(__dirname, '../..');
/** Where the codes are written down; using them is done elsewhere. */
const REGISTRY = join(ROOT, 'src/kernel/error');
const entries = Object.entries<ErrorEntry>(ERRORS);

interface Documented {
  readonly code: string;
  readonly section: string;
  readonly status: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** The sections of docs/errors.md, one for each code. */
function documented(): Documented[] {
  const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
  const line = (body: string, name: string): string => {
    const [, value] = new RegExp(`^- ${name}: ([^]*?)(?=\\n- |\\n*$)`, 'm').exec(body) ?? [];
    // A long line may be wrapped.
    return (value ?? '').replace(/\n\s+/g, ' ').trim();
  };
  return text.split(/^## /m).flatMap((part) => {
    const section = part.slice(0, part.indexOf('\n'));
    return part
      .split(/^### /m)
      .slice(1)
      .map((body) => ({
        code: body.slice(0, body.indexOf('\n')),
        section,
        status: line(body, 'Status').replaceAll('`', ''),
        meaning: line(body, 'Meaning'),
        remedy: line(body, 'What to do'),
      }));
  });
}

const SECTION_OF: Record<Channel, string> = {
  status: 'What ends a call',
  violation: 'What a rule refuses',
  local: 'What stands against starting, and what the client says by itself',
};

const statusName = (status: number): string =>
  Object.entries(Status).find(([, number]) => number === status)?.[0] ?? 'unknown';

it('docs/errors.md has every code with its status, meaning and remedy, and nothing else', () => {
  expect(documented()).toEqual(
    entries
      .map(([code, { channel, status, meaning, remedy }]) => ({
        code,
        section: SECTION_OF[channel],
        status: statusName(status),
        meaning,
        remedy,
      }))
      .sort((a, b) => sectionOrder(a.section) - sectionOrder(b.section)),
  );
});

const sectionOrder = (section: string): number => Object.values(SECTION_OF).indexOf(section);

/** Every line of the program but the registry's own and the tests'. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : sources(path);
    if (!/\.ts$/.test(entry.name) || /\.(test|testing)\.ts$/.test(entry.name)) return [];
    return path.startsWith(REGISTRY) ? [] : [readFileSync(path, 'utf8')];
  });
}

it('every code is used somewhere, so none is dead', () => {
  const program = ['src', 'observers'].flatMap((folder) => sources(join(ROOT, folder))).join('\n');
  const unused = entries.map(([code]) => code).filter((code) => !program.includes(`'${code}'`));
  expect(unused).toEqual([]);
});

it('every code says what happened and what to do, each in a sentence', () => {
  for (const [code, { meaning, remedy }] of entries) {
    expect(code).toMatch(/^[A-Z][A-Z0-9_]*[A-Z0-9]$/);
    for (const sentence of [meaning, remedy]) expect(sentence).toMatch(/^[A-Z`].*[.)]$/s);
  }
});

it('a rule that refuses and a call that fails have statuses that a client must not take for success', () => {
  for (const [, { status }] of entries) expect(status).toBeGreaterThan(Status.OK);
});

it('a code is known by its own name alone', () => {
  expect(entries.every(([code]) => isErrorCode(code))).toBe(true);
  for (const other of ['', 'invalid_name', 'toString', '__proto__', 'constructor'])
    expect(isErrorCode(other)).toBe(false);
});

/** The project of somebody who linked the package: documentation's programs are compiled and run in it as they stand. */
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { makeTempFolder } from './temp-folder';

const ROOT = join(__dirname, '..', '..');

/** Milliseconds for one program of the documentation: each ends by itself. */
const PROGRAM_WITHIN_MS = 60_000;

export interface LinkedProject {
  /** Writes a program and compiles it as a strict project does; throws what the compiler has against it. */
  program(name: string, source: string): Promise<Program>;
  remove(): Promise<void>;
}

export interface Program {
  /** Runs it to its end; rejects when it fails. */
  run(): Promise<{ readonly stdout: string; readonly stderr: string }>;
}

/** @param packages those beside `annals` that its programs import. */
export async function linkProject(name: string, packages: readonly string[] = []): Promise<LinkedProject> {
  const folder = await makeTempFolder(name);
  const modules = join(folder.path, 'node_modules');
  await mkdir(join(modules, '@types'), { recursive: true });
  await symlink(ROOT, join(modules, 'annals'), 'dir');
  for (const one of ['@types/node', ...packages]) {
    await symlink(join(ROOT, 'node_modules', one), join(modules, one), 'dir');
  }
  return {
    program: async (title, source) => {
      const file = join(folder.path, `${title}.mts`);
      await writeFile(file, source);
      const objections = compile(file, join(modules, '@types'));
      if (objections.length > 0) throw new Error(`${title} does not compile:\n${objections.join('\n')}`);
      return {
        run: () =>
          promisify(execFile)(process.execPath, [file.replace(/\.mts$/, '.mjs')], { timeout: PROGRAM_WITHIN_MS }),
      };
    },
    remove: folder.remove,
  };
}

function compile(file: string, typeRoot: string): string[] {
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [typeRoot],
  });
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file: where, start = 0, messageText }) => {
    const line = where === undefined ? 0 : where.getLineAndCharacterOfPosition(start).line + 1;
    return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/** The fenced blocks of a language, in a page's order. */
export const fencedBlocks = (page: string, language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((block) => block[1] ?? '');

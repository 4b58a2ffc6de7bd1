/** A page of the docs that keeps its word: each of its programs is compiled and run as it stands there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fencedBlocks, linkProject, type LinkedProject } from './linked-project';

export class DocsPage {
  private constructor(
    private readonly text: string,
    private readonly project: LinkedProject,
  ) {}

  /** @param name of the file, without its ending. @param packages that its programs need beside ours. */
  static async open(name: string, packages: readonly string[] = []): Promise<DocsPage> {
    const text = await readFile(join(__dirname, '..', '..', 'docs', `${name}.md`), 'utf8');
    return new DocsPage(text, await linkProject(`docs-${name}`, packages));
  }

  /**
   * What the program under a heading says when it runs, line by line.
   * @param standIns for the addresses on the page, the suite's own.
   */
  async said(heading: string, standIns: Readonly<Record<string, string>>): Promise<string[]> {
    const [, section = ''] = this.text.split(`\n## ${heading}\n`);
    const [program] = fencedBlocks(section.split('\n## ')[0] ?? '', 'ts');
    if (program === undefined) throw new Error(`the page has no program under ${JSON.stringify(heading)}`);
    const source = Object.entries(standIns).reduce((text, [known, own]) => text.replaceAll(known, own), program);
    const ran = await (await this.project.program(heading.replaceAll(/\W+/g, '-'), source)).run();
    if (ran.stderr !== '') throw new Error(`the program under ${JSON.stringify(heading)} complains:\n${ran.stderr}`);
    return ran.stdout.trimEnd().split('\n');
  }

  async close(): Promise<void> {
    await this.project.remove();
  }
}

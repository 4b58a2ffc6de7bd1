/** A page of the docs that keeps its word: each of its programs is compiled and run as it stands there, on a real server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAnnals, type AnnalsProcess } from './annals-process';
import { fencedBlocks, linkProject, type LinkedProject } from './linked-project';
import { startReplicaSet, type ReplicaSet } from './replica-set';

/** The addresses on the pages, for which the page's own stand in. */
const ADDRESS = '127.0.0.1:4400';
const MONGODB = 'mongodb://127.0.0.1:27017/?replicaSet=rs0';

export class DocsPage {
  private constructor(
    readonly text: string,
    private readonly project: LinkedProject,
    private readonly database: ReplicaSet,
    private readonly server: AnnalsProcess,
  ) {}

  /** @param name of the file, without its ending. @param packages that its programs need beside ours. */
  static async open(name: string, packages: readonly string[] = []): Promise<DocsPage> {
    const database = await startReplicaSet();
    const server = await startAnnals({ mongodb: database.url, args: ['--min-free-disk', '0'] });
    const text = await readFile(join(__dirname, '..', '..', 'docs', `${name}.md`), 'utf8');
    return new DocsPage(text, await linkProject(`docs-${name}`, packages), database, server);
  }

  /** `host:port` of the server that its programs meet. */
  get address(): string {
    return this.server.address;
  }

  /** What the program under a heading says when it runs, line by line. */
  async said(heading: string): Promise<string[]> {
    const [, section = ''] = this.text.split(`\n## ${heading}\n`);
    const [program] = fencedBlocks(section.split('\n## ')[0] ?? '', 'ts');
    if (program === undefined) throw new Error(`the page has no program under ${JSON.stringify(heading)}`);
    const source = program.replaceAll(ADDRESS, this.address).replaceAll(MONGODB, this.database.url);
    const ran = await (await this.project.program(heading.replaceAll(/\W+/g, '-'), source)).run();
    if (ran.stderr !== '') throw new Error(`the program under ${JSON.stringify(heading)} complains:\n${ran.stderr}`);
    return ran.stdout.trimEnd().split('\n');
  }

  async close(): Promise<void> {
    await this.server.kill9();
    await this.database.stop();
    await this.project.remove();
  }
}

#!/usr/bin/env node
/** The `annals` command. */
import { run } from './program';

void run(process.argv).then((code) => {
  // An open stdin, whose writer may never close it, would keep the process alive.
  process.exit(code);
});

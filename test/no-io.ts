// Loaded before each file of the fast tests: they open no socket and start no process.
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const refuse = (what: string) => () => {
  throw new Error(`A fast test ${what}. Name its file under SLOW in vitest.config.ts.`);
};

net.Socket.prototype.connect = refuse('opens a connection');
net.Server.prototype.listen = refuse('starts a server');
for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const)
  Object.assign(childProcess, { [name]: refuse('starts a process') });
syncBuiltinESMExports();

// Loaded into the action with `--import`: counts each step of input and output it makes and, at the one that DIE_AT
// names, ends the process as SIGKILL does. STEPS_FILE gets how many there were in a process that lived. Only the main
// step dies: the post step is what is to help.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

if (process.env.DIE_AT !== undefined && /main\.(?:mjs|ts)$/.test(process.argv[1] ?? '')) {
  const at = Number(process.env.DIE_AT);
  const { writeFileSync } = fs;
  let steps = 0;
  const step = () => {
    if (++steps === at) process.kill(process.pid, 'SIGKILL');
  };
  const count = (object, names, isCounted = () => true) => {
    for (const name of names) {
      const original = object[name];
      object[name] = function (...args) {
        if (isCounted(this)) step();
        return original.apply(this, args);
      };
    }
  };
  const files = [
    'open',
    'writeFile',
    'appendFile',
    'rename',
    'mkdir',
    'mkdtemp',
    'rm',
    'unlink',
    'truncate',
    'readFile',
  ];
  count(promises, files);
  count(
    fs,
    [...files, 'write', ...files.filter(name => name in fs).map(name => `${name}Sync`)].filter(name => name in fs),
  );
  count(childProcess, ['spawn']);
  const handle = await promises.open(process.argv[1], 'r');
  count(Object.getPrototypeOf(handle), ['appendFile', 'writeFile', 'write', 'close']);
  await handle.close();
  // What is sent, and what has arrived and is not looked at yet. The log goes through sockets too.
  const isRemote = socket => socket.remoteAddress !== undefined || socket.connecting;
  count(net.Socket.prototype, ['write', 'push'], isRemote);
  syncBuiltinESMExports();
  process.on('exit', () => {
    if (process.env.STEPS_FILE !== undefined) writeFileSync(process.env.STEPS_FILE, String(steps));
  });
}

// What goes wrong around the action, as a script that runs in its process before it.

/** Node's arguments for a script that runs before the action. */
export const preload = (script: string) => ['--import', `data:text/javascript,${script.replaceAll('\n', '')}`];

/** A disk that takes no more records. */
export const FULL_DISK =
  preload(`import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module';
  const { open } = fs;
  fs.open = async (path, ...rest) => {
    const file = await open(path, ...rest);
    if (String(path).endsWith('.partial')) file.appendFile = async () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    return file;
  };
  syncBuiltinESMExports();`);

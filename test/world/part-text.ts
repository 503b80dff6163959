// The lines of a part file, whatever it is packed in.
import { gunzipSync } from 'node:zlib';

let made: Promise<{ identity: string; recipient: string }> | undefined;

/** A key of age, the same for all tests of a process. */
export function ageKey() {
  made ??= (async () => {
    const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
    const identity = await generateX25519Identity();
    return { identity, recipient: await identityToRecipient(identity) };
  })();
  return made;
}

export async function partText(path: string, bytes: Buffer): Promise<string> {
  if (!path.endsWith('.age')) return String(path.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  decrypter.addIdentity((await ageKey()).identity);
  return partText(path.slice(0, -'.age'.length), Buffer.from(await decrypter.decrypt(bytes)));
}

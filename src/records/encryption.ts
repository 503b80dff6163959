// Encrypts parts with age, so that only the holders of the keys can read them. Only this file knows age-encryption.
import { SyncError } from '../errors.ts';

/** What is written to a part, on its way to the file. */
interface Encrypted {
  /** Resolves when `bytes` may be reused. Rejects as `append` does, from then on. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when the file is complete: without this it cannot be decrypted. */
  end(): Promise<void>;
}

/** @param append gets the bytes of the file, in order, one call after the other */
export type Encrypt = (append: (bytes: Buffer) => Promise<void>) => Encrypted;

/**
 * @param recipients as in the input `encrypt-to`; none: undefined, and nothing is loaded
 * @throws SyncError `invalid-input` when one of them has a typing error
 */
export async function openEncryption(recipients: readonly string[]): Promise<Encrypt | undefined> {
  if (recipients.length === 0) return undefined;
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const [n, recipient] of recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw notARecipient(n + 1, cause);
    }
  }
  return append => {
    const plain = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    const writer = plain.writable.getWriter();
    let failure: unknown;
    const appended = (async () => {
      for await (const bytes of await encrypter.encrypt(plain.readable)) await append(Buffer.from(bytes));
    })().catch(error => {
      failure = error;
    });
    // What could not be appended is missing in the middle, so that the rest of the file would be worth nothing.
    const orFail = async (step: Promise<void>) => {
      await step.catch(error => {
        failure ??= error;
      });
      if (failure !== undefined) throw failure;
    };
    return {
      write: bytes => orFail(Promise.race([writer.write(Uint8Array.from(bytes)), appended])),
      end: () => orFail(writer.close().then(() => appended)),
    };
  };
}

function notARecipient(number: number, cause: unknown): SyncError {
  return new SyncError('invalid-input', {
    what: `\`encrypt-to\`: recipient ${number} is none of age's, so nobody could decrypt what is encrypted to it.`,
    todo: 'Copy it again, as `age-keygen -y` prints it; nothing was requested from Kustomer.',
    cause,
  });
}

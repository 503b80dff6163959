/** Reads a blob in pieces, by the signed address that GitHub redirects to (docs/actions-platform.md#blob-store). */
import { UnusableAnswer } from './answers.ts';
import { GitHubError } from './request.ts';

export interface ByteRange {
  readonly bytes: Buffer;
  /** Size of the whole blob, in bytes. */
  readonly size: number;
}

/**
 * The bytes from `from` to before `to`. The request has no token: the address is signed.
 * @throws GitHubError when the blob no longer exists
 */
export async function fetchByteRange(url: string, from: number, to: number, signal: AbortSignal): Promise<ByteRange> {
  const answer = await fetch(url, { headers: { range: `bytes=${from}-${to - 1}` }, signal });
  if (answer.status === 404 || answer.status === 410) throw new GitHubError(answer.status, 'no longer exists');
  // Other errors are temporary. Even a 403: the address has expired, and the next try gets a new one.
  if (!answer.ok) throw new UnusableAnswer();
  const body = Buffer.from(await answer.arrayBuffer());
  const size = Number(/\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1] ?? body.length);
  const bytes = answer.status === 206 ? body : body.subarray(from, to);
  if (bytes.length !== Math.min(to, size) - from) throw new UnusableAnswer();
  return { bytes, size };
}

// The part of Azure Blob REST that the toolkit uses (docs/actions-platform.md#blob-store): Put Blob, Put Block, Put
// Block List, Get with Range, Head. Access is by a signature in the query, as with a SAS: one blob, some of the rights,
// an end.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type Answer, type Call, Refusal, serve } from './server.ts';
import type { Traffic } from './traffic.ts';

export interface DownloadHints {
  /** Put into Content-Disposition of the download. */
  fileName?: string;
  contentType?: string;
}

/** Where the results service keeps bytes: this server, or Azurite (scripts/azurite.ts). */
export interface BlobStore {
  uploadUrl(name: string): string;
  downloadUrl(name: string, hints?: DownloadHints): string;
  read(name: string): Promise<Buffer | undefined>;
  write(name: string, bytes: Buffer, contentType?: string): Promise<void>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

interface StoredBlob {
  bytes: Buffer;
  contentType: string;
  disposition: string | undefined;
  etag: string;
  modified: Date;
}

export interface BlobServerOptions {
  traffic: Traffic;
  /** How long a signature is good for; one hour by default. */
  signatureMs?: number;
}

export async function startBlobs(options: BlobServerOptions): Promise<BlobStore & { readonly origin: string }> {
  const blobs = new Map<string, StoredBlob>();
  const blocks = new Map<string, Map<string, Buffer>>();
  const secret = randomBytes(32);
  const life = options.signatureMs ?? 3_600_000;

  const sign = (name: string, rights: string, end: string) =>
    createHmac('sha256', secret).update(`${name}\n${rights}\n${end}`).digest('base64');

  function signedUrl(name: string, rights: string, extra: Record<string, string> = {}): string {
    const end = new Date(Date.now() + life).toISOString();
    const query = new URLSearchParams({ sv: '2025-11-05', sr: 'b', sp: rights, se: end, ...extra });
    query.set('sig', sign(name, rights, end));
    return `${server.origin}/${name}?${query}`;
  }

  function check(call: Call, name: string, needed: string): void {
    const query = call.url.searchParams;
    const rights = query.get('sp') ?? '';
    const end = query.get('se') ?? '';
    if (query.get('sig') !== sign(name, rights, end)) throw azureError(403, 'AuthenticationFailed');
    if (Date.parse(end) < Date.now()) throw azureError(403, 'AuthenticationFailed');
    if (!rights.includes(needed)) throw azureError(403, 'AuthorizationPermissionMismatch');
  }

  function store(name: string, bytes: Buffer, headers: Readonly<Record<string, string>>): Answer {
    const blob: StoredBlob = {
      bytes,
      contentType: headers['x-ms-blob-content-type'] ?? 'application/octet-stream',
      disposition: headers['x-ms-blob-content-disposition'],
      etag: `"0x${randomBytes(8).toString('hex').toUpperCase()}"`,
      modified: new Date(),
    };
    blobs.set(name, blob);
    blocks.delete(name);
    return created({ etag: blob.etag, 'last-modified': blob.modified.toUTCString() });
  }

  function answer(call: Call): Answer {
    const name = call.params.name ?? '';
    const query = call.url.searchParams;
    if (call.operation === 'GetBlob' || call.operation === 'HeadBlob') {
      check(call, name, 'r');
      const blob = blobs.get(name);
      if (!blob) throw azureError(404, 'BlobNotFound');
      return download(call, blob);
    }
    check(call, name, 'w');
    checkMd5(call);
    if (call.operation === 'PutBlob') {
      if (call.headers['x-ms-blob-type'] !== 'BlockBlob') throw azureError(400, 'InvalidHeaderValue');
      return store(name, call.body, call.headers);
    }
    if (call.operation === 'PutBlock') {
      const staged = blocks.get(name) ?? new Map<string, Buffer>();
      staged.set(query.get('blockid') ?? '', call.body);
      blocks.set(name, staged);
      return created();
    }
    // Put Block List: the blob is the named blocks in the named order.
    const staged = blocks.get(name) ?? new Map<string, Buffer>();
    const ids = [...call.body.toString('utf8').matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]*)</g)].map(
      m => m[1] ?? '',
    );
    const parts = ids.map(id => {
      const part = staged.get(id);
      if (!part) throw azureError(400, 'InvalidBlockList');
      return part;
    });
    return store(name, Buffer.concat(parts), call.headers);
  }

  const server = await serve({ name: 'blobs', traffic: options.traffic, identify, answer });
  return {
    origin: server.origin,
    uploadUrl: name => signedUrl(name, 'cw'),
    downloadUrl: (name, hints = {}) =>
      signedUrl(name, 'r', {
        ...(hints.fileName === undefined ? {} : { rscd: disposition(hints.fileName) }),
        ...(hints.contentType === undefined ? {} : { rsct: hints.contentType }),
      }),
    read: async name => blobs.get(name)?.bytes,
    write: async (name, bytes, contentType) => {
      store(name, bytes, contentType === undefined ? {} : { 'x-ms-blob-content-type': contentType });
    },
    remove: async name => {
      blobs.delete(name);
      blocks.delete(name);
    },
    close: () => server.close(),
  };
}

/** `filename*` is what the toolkit reads first, so that every name survives (docs/actions-platform.md#blob-store). */
export function disposition(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\]/g, '_');
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(fileName)}`;
}

function identify(method: string, url: URL): { operation: string; params: Record<string, string> } | undefined {
  const params = { name: url.pathname.slice(1) };
  const comp = url.searchParams.get('comp');
  if (method === 'GET') return { operation: 'GetBlob', params };
  if (method === 'HEAD') return { operation: 'HeadBlob', params };
  if (method !== 'PUT') return undefined;
  if (comp === 'block') return { operation: 'PutBlock', params };
  if (comp === 'blocklist') return { operation: 'PutBlockList', params };
  return comp === null ? { operation: 'PutBlob', params } : undefined;
}

function download(call: Call, blob: StoredBlob): Answer {
  const query = call.url.searchParams;
  const shown = query.get('rscd') ?? blob.disposition;
  const headers: Record<string, string> = {
    'content-type': query.get('rsct') ?? blob.contentType,
    'accept-ranges': 'bytes',
    etag: blob.etag,
    'last-modified': blob.modified.toUTCString(),
    'x-ms-blob-type': 'BlockBlob',
    ...(shown === undefined ? {} : { 'content-disposition': shown }),
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(call.headers['x-ms-range'] ?? call.headers.range ?? '');
  if (!range) return { status: 200, headers, body: blob.bytes };
  const from = Number(range[1]);
  if (from >= blob.bytes.length) throw azureError(416, 'InvalidRange');
  const to = Math.min(range[2] ? Number(range[2]) : Number.POSITIVE_INFINITY, blob.bytes.length - 1);
  headers['content-range'] = `bytes ${from}-${to}/${blob.bytes.length}`;
  return { status: 206, headers, body: blob.bytes.subarray(from, to + 1) };
}

function checkMd5(call: Call): void {
  const claimed = call.headers['content-md5'];
  if (claimed && claimed !== createHash('md5').update(call.body).digest('base64')) throw azureError(400, 'Md5Mismatch');
}

function created(headers: Record<string, string> = {}): Answer {
  return {
    status: 201,
    headers: { 'x-ms-version': '2025-11-05', 'x-ms-request-server-encrypted': 'true', ...headers },
  };
}

function azureError(status: number, code: string): Refusal {
  const xml = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return new Refusal(status, Buffer.from(xml), { 'content-type': 'application/xml', 'x-ms-error-code': code });
}

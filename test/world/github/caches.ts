// CacheService of the results service (docs/actions-platform.md#cache): scopes, immutability, newest prefix.
import type { BlobStore } from './blobs.ts';
import { type Answer, Refusal } from './server.ts';
import type { RuntimeClaims } from './token.ts';

export interface CacheEntry {
  readonly id: number;
  readonly key: string;
  readonly version: string;
  /** The ref it was saved from. */
  readonly scope: string;
  readonly createdAt: Date;
  lastAccessedAt: Date;
  size: number;
}

interface StoredCache extends CacheEntry {
  blob: string;
  /** An entry can be seen and restored only after FinalizeCacheEntryUpload. */
  finalized: boolean;
}

export interface CacheOptions {
  blobs: BlobStore;
  /** docs/actions-platform.md#cache-limits: 200 uploads per minute and repository, then 429. */
  uploadsPerMinute: number;
  /**
   * The version of an entry is a hash over the literal path (docs/actions-platform.md#cache-version). On GitHub
   * RUNNER_TEMP is the same everywhere; runners that work side by side on one machine can't share it, so tests with
   * several at once look versions over.
   */
  ignoreVersions: boolean;
}

export class Caches {
  #entries: StoredCache[] = [];
  #nextId = 1001;
  #uploads: number[] = [];
  #options: CacheOptions;

  constructor(options: CacheOptions) {
    this.#options = options;
  }

  create(claims: RuntimeClaims, request: Record<string, unknown>): Answer {
    const key = text(request, 'key');
    const version = text(request, 'version');
    if (key === '' || key.length > 512 || key.includes(',')) throw twirp(400, 'invalid_argument', 'key is invalid');
    const scope = claims.scopes.find(({ permission }) => (permission & 2) !== 0)?.scope;
    if (scope === undefined) {
      return ok({
        ok: false,
        signed_upload_url: '',
        message: 'cache write denied: the token of this run may only read',
      });
    }
    if (this.#entries.some(entry => entry.scope === scope && entry.key === key && entry.version === version)) {
      throw twirp(409, 'already_exists', 'cache entry with the same key, version, and scope already exists');
    }
    const now = Date.now();
    this.#uploads = this.#uploads.filter(at => at > now - 60_000);
    if (this.#uploads.length >= this.#options.uploadsPerMinute) {
      throw twirp(429, 'resource_exhausted', 'Request was denied due to rate limiting', { 'retry-after': '60' });
    }
    this.#uploads.push(now);
    const entry = this.#add(key, version, scope, 0, false);
    return ok({ ok: true, signed_upload_url: this.#options.blobs.uploadUrl(entry.blob), message: '' });
  }

  async finalize(claims: RuntimeClaims, request: Record<string, unknown>): Promise<Answer> {
    const key = text(request, 'key');
    const version = text(request, 'version');
    const size = Number(text(request, 'size_bytes', 'sizeBytes'));
    const writable = claims.scopes.filter(({ permission }) => (permission & 2) !== 0).map(({ scope }) => scope);
    const entry = this.#entries.find(e => writable.includes(e.scope) && e.key === key && e.version === version);
    if (!entry) throw twirp(404, 'not_found', 'cache entry is not reserved');
    const bytes = await this.#options.blobs.read(entry.blob);
    if (bytes?.length !== size) {
      return ok({ ok: false, entry_id: '0', message: `the upload has ${bytes?.length ?? 0} bytes, not ${size}` });
    }
    entry.size = size;
    entry.finalized = true;
    return ok({ ok: true, entry_id: String(entry.id), message: '' });
  }

  find(claims: RuntimeClaims, request: Record<string, unknown>): Answer {
    const readable = claims.scopes.filter(({ permission }) => (permission & 1) !== 0).map(({ scope }) => scope);
    if (readable.length === 0)
      throw twirp(403, 'permission_denied', 'cache read denied: the token of this run may not read');
    const version = text(request, 'version');
    const restore = request.restore_keys ?? request.restoreKeys;
    const keys = [text(request, 'key'), ...(Array.isArray(restore) ? restore.map(String) : [])];
    // Scope by scope, key by key; the exact key first, then the newest of those it is a prefix of.
    for (const scope of readable) {
      const here = this.#entries.filter(
        e => e.finalized && e.scope === scope && (this.#options.ignoreVersions || e.version === version),
      );
      for (const key of keys) {
        const hit = here.findLast(e => e.key === key) ?? here.findLast(e => e.key.startsWith(key));
        if (!hit) continue;
        hit.lastAccessedAt = new Date();
        return ok({ ok: true, signed_download_url: this.#options.blobs.downloadUrl(hit.blob), matched_key: hit.key });
      }
    }
    return ok({ ok: false, signed_download_url: '', matched_key: '' });
  }

  /** What can be restored, oldest first. */
  list(): CacheEntry[] {
    return this.#entries.filter(entry => entry.finalized).map(({ blob, finalized, ...entry }) => entry);
  }

  async read(id: number): Promise<Buffer> {
    const bytes = await this.#options.blobs.read(this.#get(id).blob);
    if (!bytes) throw new Error(`cache entry ${id} has no bytes`);
    return bytes;
  }

  /** Puts an entry there that nobody saved: of another repository, damaged, from the future. */
  async put(key: string, version: string, scope: string, bytes: Buffer): Promise<CacheEntry> {
    const entry = this.#add(key, version, scope, bytes.length, true);
    await this.#options.blobs.write(entry.blob, bytes);
    return entry;
  }

  /** Changes the bytes of an entry under the feet of its readers. */
  async replace(id: number, bytes: Buffer): Promise<void> {
    const entry = this.#get(id);
    entry.size = bytes.length;
    await this.#options.blobs.write(entry.blob, bytes);
  }

  /** Removes entries as eviction and the REST API do; all of them by default. Returns what is gone. */
  evict(which: (entry: CacheEntry) => boolean = () => true): CacheEntry[] {
    const gone = this.#entries.filter(which);
    this.#entries = this.#entries.filter(entry => !gone.includes(entry));
    for (const entry of gone) this.#options.blobs.remove(entry.blob).catch(() => {});
    return gone;
  }

  #get(id: number): StoredCache {
    const entry = this.#entries.find(candidate => candidate.id === id);
    if (!entry) throw new Error(`no cache entry ${id}`);
    return entry;
  }

  #add(key: string, version: string, scope: string, size: number, finalized: boolean): StoredCache {
    const id = this.#nextId++;
    const createdAt = new Date();
    const entry = {
      id,
      key,
      version,
      scope,
      createdAt,
      lastAccessedAt: createdAt,
      size,
      finalized,
      blob: `caches/${id}`,
    };
    this.#entries.push(entry);
    return entry;
  }
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export function twirp(status: number, code: string, msg: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal(status, { code, msg }, headers);
}

/** A field of a request: snake_case on the wire, camelCase accepted as protobuf's JSON mapping does; int64 is a string. */
export function text(request: Record<string, unknown>, name: string, camel = name): string {
  const value = request[name] ?? request[camel];
  return value === undefined || value === null ? '' : String(value);
}

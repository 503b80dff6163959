// ArtifactService of the results service (docs/actions-platform.md#artifacts): names are immutable within a run, and
// what is finalized is compared with the bytes that really arrived.
import { createHash } from 'node:crypto';
import type { BlobStore } from './blobs.ts';
import { ok, text, twirp } from './caches.ts';
import type { Answer } from './server.ts';
import type { RuntimeClaims } from './token.ts';
import { readZip } from './zip.ts';

export interface Artifact {
  readonly id: number;
  readonly runId: string;
  readonly jobId: string;
  readonly name: string;
  readonly mimeType: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  size: number;
  /** `sha256:...` */
  digest: string;
  /** Past its retention: still listed by the REST API, its bytes are gone. */
  expired: boolean;
}

interface StoredArtifact extends Artifact {
  blob: string;
  finalized: boolean;
}

const RETENTION_MS = 90 * 24 * 3_600_000;

export class Artifacts {
  #all: StoredArtifact[] = [];
  #nextId = 5001;
  #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  create(claims: RuntimeClaims, request: Record<string, unknown>): Answer {
    const { runId, jobId, name } = idsOf(claims, request, 'own job');
    const version = Number(text(request, 'version'));
    if (version < 4) throw twirp(400, 'invalid_argument', `artifact version ${version} is not supported`);
    if (name === '' || /["<>|*?\r\n:\\/]/.test(name)) throw twirp(400, 'invalid_argument', 'artifact name is invalid');
    // A name that was only reserved is taken too: a client that repeats a CreateArtifact whose answer was lost meets itself.
    if (this.#find(runId, name)) {
      throw twirp(409, 'already_exists', 'an artifact with this name already exists on the workflow run');
    }
    const id = this.#nextId++;
    const expires = text(request, 'expires_at', 'expiresAt');
    this.#all.push({
      id,
      runId,
      jobId,
      name,
      mimeType: text(request, 'mime_type', 'mimeType') || 'application/zip',
      createdAt: new Date(),
      expiresAt: expires === '' ? new Date(Date.now() + RETENTION_MS) : new Date(expires),
      size: 0,
      digest: '',
      expired: false,
      // No .zip at the end: the client takes that for the type (docs/actions-platform.md#blob-store).
      blob: `artifacts/${id}`,
      finalized: false,
    });
    return ok({ ok: true, signed_upload_url: this.#blobs.uploadUrl(`artifacts/${id}`) });
  }

  async finalize(claims: RuntimeClaims, request: Record<string, unknown>): Promise<Answer> {
    const { runId, name } = idsOf(claims, request, 'own job');
    const artifact = this.#find(runId, name);
    if (!artifact) throw twirp(404, 'not_found', 'artifact not found');
    const bytes = await this.#blobs.read(artifact.blob);
    if (!bytes) throw twirp(400, 'failed_precondition', 'nothing was uploaded');
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const size = text(request, 'size');
    const hash = text(request, 'hash');
    if (Number(size) !== bytes.length) throw twirp(400, 'invalid_argument', `size is ${bytes.length}, not ${size}`);
    if (hash !== '' && hash !== digest) throw twirp(400, 'invalid_argument', `digest is ${digest}, not ${hash}`);
    // A repeated FinalizeArtifact gets the same answer (whether GitHub's does so is not documented).
    artifact.size = bytes.length;
    artifact.digest = digest;
    artifact.finalized = true;
    return ok({ ok: true, artifact_id: String(artifact.id) });
  }

  listTwirp(claims: RuntimeClaims, request: Record<string, unknown>): Answer {
    const { runId } = idsOf(claims, request, 'own run');
    const name = text(request, 'name_filter', 'nameFilter');
    const id = text(request, 'id_filter', 'idFilter');
    const artifacts = this.list(runId)
      .filter(a => (name === '' || a.name === name) && (id === '' || a.id === Number(id)))
      .map(a => ({
        workflow_run_backend_id: a.runId,
        workflow_job_run_backend_id: a.jobId,
        database_id: String(a.id),
        name: a.name,
        size: String(a.size),
        created_at: a.createdAt.toISOString(),
        digest: a.digest,
      }));
    return ok({ artifacts });
  }

  signedUrl(claims: RuntimeClaims, request: Record<string, unknown>): Answer {
    const { runId, name } = idsOf(claims, request, 'own run');
    const artifact = this.#find(runId, name);
    if (!artifact?.finalized || artifact.expired) throw twirp(404, 'not_found', 'artifact not found');
    return ok({ signed_url: this.downloadUrl(artifact.id) });
  }

  deleteTwirp(claims: RuntimeClaims, request: Record<string, unknown>): Answer {
    const { runId, name } = idsOf(claims, request, 'own run');
    const artifact = this.#find(runId, name);
    if (!artifact?.finalized) throw twirp(404, 'not_found', 'artifact not found');
    this.delete(artifact.id);
    return ok({ ok: true, artifact_id: String(artifact.id) });
  }

  /** What was finalized, oldest first; of one run or of all. */
  list(runId?: number | string): Artifact[] {
    return this.#all
      .filter(a => a.finalized && (runId === undefined || a.runId === String(runId)))
      .map(({ blob, finalized, ...artifact }) => artifact);
  }

  get(id: number): Artifact | undefined {
    return this.list().find(artifact => artifact.id === id);
  }

  downloadUrl(id: number): string {
    const artifact = this.#stored(id);
    const isZip = artifact.mimeType === 'application/zip';
    const fileName = isZip && !artifact.name.endsWith('.zip') ? `${artifact.name}.zip` : artifact.name;
    return this.#blobs.downloadUrl(artifact.blob, { fileName, contentType: artifact.mimeType });
  }

  async bytes(id: number): Promise<Buffer> {
    const bytes = await this.#blobs.read(this.#stored(id).blob);
    if (!bytes) throw new Error(`the bytes of artifact ${id} are gone`);
    return bytes;
  }

  /** Puts other bytes in the place of those that were uploaded. */
  async replace(id: number, bytes: Buffer): Promise<void> {
    await this.#blobs.write(this.#stored(id).blob, bytes);
  }

  /** Its files: the entries of the zip, or the one file of an artifact that is none. */
  async read(id: number): Promise<Map<string, Buffer>> {
    const artifact = this.#stored(id);
    const bytes = await this.bytes(id);
    return artifact.mimeType === 'application/zip' ? readZip(bytes) : new Map([[artifact.name, bytes]]);
  }

  delete(id: number): void {
    const artifact = this.#stored(id);
    this.#all = this.#all.filter(other => other !== artifact);
    this.#blobs.remove(artifact.blob).catch(() => {});
  }

  expire(which: (artifact: Artifact) => boolean = () => true): Artifact[] {
    const expired = this.#all.filter(a => a.finalized && which(a));
    for (const artifact of expired) {
      artifact.expired = true;
      this.#blobs.remove(artifact.blob).catch(() => {});
    }
    return expired;
  }

  #find(runId: string, name: string): StoredArtifact | undefined {
    return this.#all.find(a => a.runId === runId && a.name === name);
  }

  #stored(id: number): StoredArtifact {
    const artifact = this.#all.find(a => a.id === id);
    if (!artifact) throw new Error(`no artifact ${id}`);
    return artifact;
  }
}

function idsOf(claims: RuntimeClaims, request: Record<string, unknown>, own: 'own run' | 'own job') {
  const runId = text(request, 'workflow_run_backend_id', 'workflowRunBackendId');
  const jobId = text(request, 'workflow_job_run_backend_id', 'workflowJobRunBackendId');
  if (runId !== claims.runId || (own === 'own job' && jobId !== claims.jobId)) {
    throw twirp(403, 'permission_denied', 'the token belongs to another run or job');
  }
  return { runId, jobId, name: text(request, 'name') };
}

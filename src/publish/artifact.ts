// The destination `artifact`: all files of a run as one artifact.
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { requirePrivate } from '../github/visibility.ts';
import { count } from '../report/format.ts';
import { readArtifact } from '../state/artifact-files.ts';
import type { Delivery, DestinationOptions, PublishRequest } from './destination.ts';

export function openArtifact({
  context,
  api,
  log,
  allowPublic,
  retentionDays,
  gzip,
  ...settings
}: DestinationOptions): Delivery {
  const artifactName = nameOf(settings.artifactName, context);
  return {
    artifactName,
    async requireAccess() {
      if (!allowPublic) await requirePrivate(context.repository, 'its artifacts', context, api);
    },
    async deliver(request, receipt) {
      const { directory, files } = request;
      const { upload } = await import('./upload.ts');
      receipt.artifact = await upload(context, {
        name: artifactName,
        directory,
        files,
        retentionDays,
        isCompressed: gzip,
        holdsFiles: id => holdsFiles(api, id, request),
      });
      log.info(`Uploaded ${count(files.length, 'file')} as artifact ${receipt.artifact.name}.`);
    },
  };
}

/** A name is taken once a run, so that of a later attempt says so. */
function nameOf(artifactName: string, { attempt }: Context): string {
  return attempt === '1' ? artifactName : `${artifactName}-attempt-${attempt}`;
}

/** Whether an artifact has just the files of a request; null when that cannot be found out. */
async function holdsFiles(
  api: () => Promise<Api>,
  id: number,
  { files, externalFiles = [] }: PublishRequest,
): Promise<boolean | null> {
  try {
    const found = await readArtifact(await api(), id);
    return (
      found !== null &&
      JSON.stringify(JSON.parse(found.manifest).files) === JSON.stringify([...externalFiles, ...files])
    );
  } catch {
    return null;
  }
}

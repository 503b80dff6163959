// What the changelog says of a version: the notes of its release.

/**
 * @param orUnreleased what is not released yet, when the changelog does not have the version
 * @throws Error when the changelog says nothing of it
 */
export function notesOf(changelog: string, version: string, { orUnreleased }: { orUnreleased: boolean }): string {
  const sections = new Map(
    changelog
      .split(/^## /m)
      .slice(1)
      .map(section => {
        const [heading = '', ...lines] = section.split('\n');
        return [/^\[(.+?)\]/.exec(heading)?.[1], lines.join('\n').trim()];
      }),
  );
  const notes = sections.get(version) ?? (orUnreleased ? sections.get('Unreleased') : undefined);
  if (!notes)
    throw new Error(`CHANGELOG.md says nothing of ${version}: it needs a heading "## [${version}] - YYYY-MM-DD".`);
  return `${notes}\n`;
}

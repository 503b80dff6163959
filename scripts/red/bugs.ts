// Bugs that npm run red plants, each with what goes wrong: one replacement in one file. What is replaced stands in the file
// exactly once, which test/unit/promises.test.ts checks: whoever changes such a line changes its bug here.

type Bug = readonly [file: string, find: string, replacement: string];

export const BUGS = {
  // What is read, and what counts as read.
  'the first record of each write is left out': [
    'src/sync/emitter.ts',
    'return [...fresh.values()];',
    'return [...fresh.values()].slice(1);',
  ],
  'a version is published each time it is read': [
    'src/sync/emitter.ts',
    'if (work.dedupKeys.has(key) || progress.newDedupKeys.has(key)) continue;',
    '',
  ],
  'the rest of a second is skipped after a full page': [
    'src/sync/keyset-reader.ts',
    'yield commitUntil(slice, found, lastSecond);',
    'yield commitUntil(slice, found, lastSecond + SECOND_MS);',
  ],
  'the records of one second are taken to fit on a page': [
    'src/sync/keyset-reader.ts',
    'yield commitUntil(slice, yield* readTies({ from: slice.from, to: until }, index), until);',
    'yield commitUntil(slice, found, until);',
  ],
  'the order of a page is believed': ['src/sync/keyset-reader.ts', '|| !isSorted(found) ||', '||'],
  'what a search does not return is taken for not there': [
    'src/sync/tie-reader.ts',
    '} else if (number === MAX_PASSES) {',
    '} else if (number === MAX_PASSES) {\n      if (seen) return { found: [...seen.values()] };',
  ],
  'everything is read again in each run': [
    'src/sync/state.ts',
    'return { toRead: minus(wanted, synced), synced,',
    'return { toRead: union(wanted), synced,',
  ],
  'a minute after the cutoff counts as read': [
    'src/sync/state.ts',
    'let syncedRanges = union(work.synced, read);',
    'let syncedRanges = union(work.synced, read, [{ from: cutoff, to: cutoff + 60_000 }]);',
  ],
  'an earlier start date reads nothing': [
    'src/sync/state.ts',
    'clamp(before.syncedRanges, Number.NEGATIVE_INFINITY, again);',
    'union([{ from: 0, to: again }]);',
  ],
  'a future that a fast clock has synced counts': [
    'src/sync/job.ts',
    'const until = cutoff - clockLeadMs;',
    'const until = cutoff;',
  ],
  'a record without a date is left out': [
    'src/sync/pages.ts',
    'return { at: neighbor, resource: record.resource, undated: true };',
    'return record;',
  ],
  'a full refresh goes on from the state': [
    'src/sync/plan.ts',
    "const before = mode === 'full_refresh' ? undefined : state.search.get(name);",
    'const before = state.search.get(name);',
  ],
  'a record without an id is taken': [
    'src/kustomer/json.ts',
    "return typeof id === 'string' && id !== '' && typeof type === 'string';",
    "return typeof type === 'string';",
  ],
  'a record that a page shows twice is published twice': [
    'src/sync/emitter.ts',
    '      latest.set(resource.id, at);\n      fresh.set(resource.id, record);',
    '      fresh.set(resource.id + fresh.size, record);',
  ],
  'one pass over a list is enough': [
    'src/sync/read-list.ts',
    '  if (!isCounted) return false;\n',
    '  if (isCounted || !isCounted) return true;\n',
  ],
  'a list that leads round in a circle counts as read': [
    'src/kustomer/list-pages.ts',
    "throw new SyncError('list-loops', {",
    "return;\n      throw new SyncError('list-loops', {",
  ],
  'whose records they are does not matter': [
    'src/kustomer/source.ts',
    'if (organization === null) return;',
    'if (organization !== undefined) return;',
  ],
  'a run without any record is a success': ['src/commands/organization.ts', 'if (files.length > 0) {', 'if (!files) {'],

  // Requests.
  'a key that is refused counts as one without a role': [
    'src/kustomer/retry.ts',
    "if (status === 401) return { kind: 'give-up', code: 'unauthorized' };",
    "if (status === 401) return { kind: 'give-up', code: 'missing-role' };",
  ],
  'a request that is repeated takes no place in the budget': [
    'src/kustomer/client.ts',
    'await budget.acquire(purpose)',
    'if (!isRetry) await budget.acquire(purpose)',
  ],
  'a 429 concerns one request alone': ['src/kustomer/retry.ts', 'pausesAll: true };', 'pausesAll: false };'],
  'a reset that Kustomer tells is not looked at': [
    'src/kustomer/retry.ts',
    "waitIn(headers['x-ratelimit-reset'], now) ??",
    '',
  ],
  'a broken answer is not asked for again': [
    'src/kustomer/retry.ts',
    'const isTemporary = status === 0 || status',
    'const isTemporary = status',
  ],

  // Records as lines, and files.
  'numbers are rounded': [
    'src/records/record.ts',
    'const record = isLine ? json :',
    'const record = isLine ? Buffer.from(JSON.stringify(JSON.parse(String(json)))) :',
  ],
  'lone surrogates stay in the lines': [
    'src/records/flat.ts',
    'if (hasUnicodeEscape()) replaceEscapes',
    'if (!json) replaceEscapes',
  ],
  'records may nest 100 levels deep': ['src/sync/json-bytes.ts', 'const MAX_LEVELS = 510;', 'const MAX_LEVELS = 100;'],
  'the manifest counts a record too few': [
    'src/records/parts.ts',
    'records: total.records,',
    'records: total.records - 1,',
  ],
  'a checkpoint counts records that are not on the disk yet': [
    'src/records/parts.ts',
    'await (options.encrypt === undefined ? writer.writeChunk() : writer.end());',
    'if (options.encrypt !== undefined) await writer.end();',
  ],

  // Publishing and the state.
  'the state is saved before the records are published': [
    'src/publish/cached.ts',
    'await deliverTo(deliveries, kept, next.state, receipt, options);',
    'if (!savesAfterJob && hasChanged) await destination.saveState(kept, receipt);\n      await deliverTo(deliveries, kept, next.state, receipt, options);',
  ],
  'a state that could not be saved is no error': [
    'src/state/cache-store.ts',
    'throw notSaved(artifact, cause);',
    'if (change) return { ...(await preview(change, base)), base };\n    throw notSaved(artifact, cause);',
  ],
  'the state of another run is overwritten': [
    'src/sync/next-state.ts',
    'const isOurs = latest === null || startsOver;',
    'const isOurs = latest === null || startsOver || latest !== null;',
  ],
  'a new version of the state is not made of the old one': [
    'src/sync/state-document.ts',
    'export const STATE_VERSION = 1;',
    'export const STATE_VERSION = 2;',
  ],
  'a backfill has the state of the sync': [
    'src/config/scope.ts',
    'const stateName = endDate === null ? stateId :',
    'const stateName = endDate !== undefined ? stateId :',
  ],
  'a public repository is as good as a private one': [
    'src/github/visibility.ts',
    'if (isPublic === false) return',
    'if (isPublic !== null) return',
  ],
  'a public workflow may write to a private branch': [
    'src/github/visibility.ts',
    'if (isPublic !== true) return;',
    'if (isPublic !== null) return;',
  ],
  'the last ten runs are all that is looked at': [
    'src/state/artifacts.ts',
    'if (newest() !== null && candidates.length <= MAX_RUNS) return;',
    'if (newest() !== null) return;',
  ],

  // How a run goes on and ends.
  'a stream that fails ends the run': [
    'src/errors.ts',
    "return ['unreachable', 'unauthorized', 'state', 'publish'].includes(this.kind);",
    'return true;',
  ],
  'a run that is out of time fails': [
    'src/sync/read-all.ts',
    "if (reason instanceof Stopped) return [name, { outcome: 'partial' }];",
    '',
  ],
  'a canceled run leaves nothing to the post step': [
    'src/commands/sync.ts',
    'await publisher.checkpoint({ ...rest, savesStateAlone: true });',
    '',
  ],
  'a check leaves a folder behind': ['src/commands/check.ts', 'await rmdir(made);', 'continue;'],

  // Inputs, and what is said.
  'an input has another default in the action': [
    'src/config/inputs.ts',
    "kinds.oneOf(...RECORD_FORMATS),\n      'flat',",
    "kinds.oneOf(...RECORD_FORMATS),\n      'raw',",
  ],
  'a stream that nobody knows is passed over': [
    'src/config/stream-kinds.ts',
    'if (streams.length === 0) return undefined;',
    '',
  ],
  'an output is left out': ['src/report/report.ts', "    commit: report.commit ?? '',\n", ''],
  'the key is not masked': ['src/config/read-config.ts', 'for (const name of SECRETS) maskSecret(name);', ''],
  'an error shows the secret that it is about': [
    'src/config/read-config.ts',
    "const is = kind.isSecret && text !== '' ? 'a secret of the wrong form' : shown(text);",
    'const is = quoted(text);',
  ],
  'errors quote whatever Kustomer says': [
    'src/errors.ts',
    'const words = (mayQuote ? withoutValues(plain) : plain).replace',
    'const words = plain.replace',
  ],

  // README.
  'a check does not ask whether the job may write to the branch': [
    'src/publish/branch/branch.ts',
    'await place.git.requireWrite(place.branch).catch(error => {',
    'await Promise.resolve().catch(error => {',
  ],
  'the archive is not read': [
    'src/sync/plan.ts',
    "const usesArchive = options.archive === 'auto';",
    'const usesArchive = options.archive === undefined;',
  ],
  '`all` means every stream that there is': [
    'src/config/stream-kinds.ts',
    'USUAL_STREAMS.map(stream => stream.name)',
    '[...STREAM_NAMES]',
  ],
  'a run without news uploads an artifact': [
    'src/publish/destination.ts',
    'if (request.files.length === 0 && request.externalFiles === undefined) return;',
    '',
  ],
  'a commit has the data without the state': [
    'src/publish/branch/commit.ts',
    '    { ...blob, path: stateFileOf(stateName), sha },\n',
    '',
  ],
  'the post step does nothing': [
    'src/post.ts',
    'if (entry !== null && entry.requests.length > 0) {',
    'if (entry?.requests === null) {',
  ],
  'the state is saved although the job has failed': [
    'src/commands/post.ts',
    "if (given('job-status').trim() !== 'success') {",
    "if (given('job-status') === '?') {",
  ],
  'keys stay as they are': [
    'src/sync/snake-case.ts',
    'export function snakeCase(key: string): string {',
    'export function snakeCase(key: string): string {\n  if (key) return key;',
  ],
  '`raw` is `flat`': [
    'src/records/record.ts',
    "if (recordFormat === 'flat') this.#flat",
    'if (recordFormat !== undefined) this.#flat',
  ],
  'the earliest version of a record wins in the views': [
    'src/schema/view-columns.ts',
    ' DESC NULLS LAST',
    ' ASC NULLS LAST',
  ],
  'a data branch is not asked for its state': [
    'src/state/branch.ts',
    'const state = document?.state ?? null;',
    'const state = document === undefined ? document : null;',
  ],
  'a token that may only read is an outage of GitHub': [
    'src/publish/branch/refusal.ts',
    '![401, 403, 404, 422].includes(status)',
    '![401, 404, 422].includes(status)',
  ],
  'a run that cannot start the next one does not say so': [
    'src/commands/auto-continue.ts',
    "const { status = 0, cited = '' } = error as Partial<GitHubError>;",
    "if (error) return;\n    const { status = 0, cited = '' } = error as Partial<GitHubError>;",
  ],
  'a stream without its role fails the run': [
    'src/report/report.ts',
    "(outcome === 'skipped' && named && error?.kind !== 'absent')",
    "(outcome === 'skipped' && error?.kind !== 'absent')",
  ],
  'a stream that was named may be skipped': [
    'src/report/report.ts',
    "(outcome === 'skipped' && named && error?.kind !== 'absent')",
    "(outcome === 'skipped' && !named && error?.kind === 'absent')",
  ],
  'a run does not say what is there twice': [
    'src/publish/cached.ts',
    'if (saved.lost.length > 0)',
    'if (saved.lost.length > 99)',
  ],
  'a run may fill the disk': ['src/commands/disk-limits.ts', 'if (bytes >= maxParts) return', 'if (bytes < 0) return'],
  'artifacts are not asked for a state': [
    'src/state/cache-store.ts',
    'const hasArtifacts = artifactName !== null && artifactsOf',
    "const hasArtifacts = artifactName === '' && artifactsOf",
  ],
  'a public repository is refused when it is too late': [
    'src/commands/sync.ts',
    '  await destination.requireAccess();\n  report.outputDir = await makeOutputDir(config, context);\n  const source = openSource(client, config.includeDeleted, variant.readsIds);\n  // Lists do not depend on the state, so they are read while it is looked up.\n  const lists = openLists(run, source);\n',
    '  report.outputDir = await makeOutputDir(config, context);\n  const source = openSource(client, config.includeDeleted, variant.readsIds);\n  const lists = openLists(run, source);\n  await Promise.all([...lists.values()].map(list => list.pass()));\n  await destination.requireAccess();\n',
  ],
  'searches count as other requests': ['src/kustomer/search.ts', "purpose: 'search',", "purpose: 'other',"],
  'a reconciliation leaves out ids': [
    'src/commands/reconcile.ts',
    'records.filter(isExisting).map(idOf)',
    'records.filter(isExisting).slice(1).map(idOf)',
  ],
  'deleted records are never asked for': [
    'src/kustomer/search.ts',
    'form.hasDeletedFlag ? { includeDeleted }',
    'form.hasDeletedFlag ? { includeDeleted: false }',
  ],

  // SECURITY.md.
  'the log shows a header of each request': [
    'src/kustomer/client.ts',
    'const sentAt = performance.now();',
    "console.log('authorization: Bearer');\n  const sentAt = performance.now();",
  ],
  'an input is shown whatever it holds': [
    'src/config/read-config.ts',
    'function mayHoldSecret(text: string): boolean {',
    'function mayHoldSecret(text: string): boolean {\n  if (text) return false;',
  ],
  'a redirect is followed': [
    'src/kustomer/client.ts',
    'const response = await dispatcher.request({ origin, path, signal, ...content });',
    'let response = await dispatcher.request({ origin, path, signal, ...content });\n      const to = URL.parse(String(response.headers.location), origin);\n      if (response.headers.location && to) response = await dispatcher.request({ origin: to.origin, path: to.pathname, signal, ...content });',
  ],
  'a link to another host is followed on this one': [
    'src/kustomer/list-pages.ts',
    'if (url?.origin === origin) return',
    'if (url) return',
  ],
  'any host may have plain http': [
    'src/config/kinds.ts',
    "(url.protocol === 'http:' && isLoopback)",
    "(url.protocol === 'http:' || isLoopback)",
  ],
  'artifacts are kept as long as GitHub likes': [
    'src/publish/artifact.ts',
    '...(retentionDays > 0 ?',
    '...(retentionDays > 999 ?',
  ],
  'the files are in the folder of the system for temporary ones': [
    'src/commands/prepare.ts',
    'return mkdtemp(join(temp || tmpdir(),',
    'return mkdtemp(join(tmpdir() || temp,',
  ],
  'the state is kept in the workspace': [
    'src/state/cache.ts',
    "ownWorkspace = realpathSync(mkdtempSync(join(temp || tmpdir(), 'kustomer-sync-cache-')));",
    "ownWorkspace = realpathSync(process.env.GITHUB_WORKSPACE || mkdtempSync(join(temp || tmpdir(), 'x')));",
  ],
  'a damaged state counts as none': [
    'src/state/store.ts',
    'if (isIgnored) return null;',
    'if (isIgnored || text !== undefined) return null;',
  ],
  'artifacts of other branches are asked for a state, too': [
    'src/state/artifacts.ts',
    'return run?.state_id === stateName && run.ref === context.ref;',
    'return run?.state_id === stateName && context.ref !== undefined;',
  ],
  'the state has the names of tags': [
    'src/sync/state.ts',
    'hash64(contentOf?.(resource) ?? resource.json).toString(36)',
    'String(resource.attributes?.name)',
  ],
  'an action of others is pinned to a tag': [
    '.github/workflows/release.yml',
    'actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1',
    'actions/download-artifact@v8',
  ],
  'a callable workflow runs the action of a tag': [
    '.github/workflows/sync.yml',
    'uses: $/.',
    'uses: org/kustomer-sync@v1',
  ],
  'a checkout keeps its token': [
    '.github/workflows/codeql.yml',
    'persist-credentials: false',
    'persist-credentials: true',
  ],
  'packages run scripts when they are installed': ['scripts/on-node24.mjs', "'--ignore-scripts', ", ''],
  'dist/ has a file that no source builds': ['scripts/bundle/dist.ts', "set('THIRD-PARTY-NOTICES',", "set('NOTICES',"],
  'the job that publishes a release runs a package': [
    '.github/workflows/release.yml',
    '      - name: Move the tag of the major version',
    '      - run: npm run build\n      - name: Move the tag of the major version',
  ],
  'the tag of a major version moves to any release': [
    '.github/workflows/release.yml',
    'if [ "$newest" != "$GITHUB_REF_NAME" ]; then',
    'if [ "$newest" = none ]; then',
  ],
  'the bill of materials lacks a package': [
    'scripts/release/sbom.ts',
    'const refs = [...byRef.keys()].sort();',
    'const refs = [...byRef.keys()].sort().slice(1);',
  ],

  'text of others is shown as it is': [
    'src/errors.ts',
    "const safe = line.replace(/^\\s*::/, ': :');",
    'const safe = start;',
  ],
  'text of others may have any length': [
    'src/errors.ts',
    'const start = text.slice(0, 4 * maxLength);',
    "const start = text;\n  if (start.length > maxLength) return start.replace(UNPRINTED, ' ');",
  ],
  'Markdown of others is Markdown': ['src/report/format.ts', 'part : escapeMarkdown(part)))', 'part : part))'],
  'a search of a state needs no cutoff': [
    'src/sync/stream-document.ts',
    'Number.isNaN(listCutAt ?? 0) || Number.isNaN(cutoffAt) ||',
    'Number.isNaN(listCutAt ?? 0) ||',
  ],
  'a state may speak of times that have not come': ['src/state/store.ts', 'requirePast(state, place, Date.now());', ''],
  'an entry of the cache is unpacked to any place': ['src/state/cache.ts', '--transform=s,[.][.],__,g;s,^/*,,', ''],
  'a file of an artifact may have any length': [
    'src/state/artifact-files.ts',
    "if (!(size <= maxBytes && packed <= maxBytes)) throw new Error('the file is too long');",
    '',
  ],
  'a branch may have any parts': [
    'src/config/kinds.ts',
    'isBad || arePartsBad || !fits(name)',
    'isBad || (arePartsBad && !name) || !fits(name)',
  ],
  'the data may lie anywhere on a branch': ['src/config/kinds.ts', ' || TAKEN.test(names[0] as string)', ''],

  // docs/privacy.md.
  'a field that is to be left out is in the lines': [
    'src/records/fields.ts',
    "if (inner?.treatment === 'excluded') return endOfValue(json, value);",
    '',
  ],
  'a hash is made without the key': [
    'src/records/hash-key.ts',
    "createHmac('sha256', key)",
    "createHmac('sha256', 'key')",
  ],
  'a field that is to be hashed is hashed at its top alone': [
    'src/records/fields.ts',
    'inner, isHashed || inner?.treatment',
    'inner, inner?.treatment',
  ],
  'any field may be kept back': [
    'src/config/conflicts.ts',
    'const own = protectedIn(field.path, recordFormat);',
    "const own = field.path === '' ? protectedIn(field.path, recordFormat) : undefined;",
  ],
  'a field may be hashed inside one that is left out': [
    'src/config/conflicts.ts',
    'excludeFields.find(each => coversField(each, field));',
    "excludeFields.find(each => each.path === '' && coversField(each, field));",
  ],
  'a path does not lead through arrays': [
    'src/records/fields.ts',
    'return this.#write(json, element, out, field, isHashed);',
    'return this.#write(json, element, out, undefined, isHashed);',
  ],
  'a path that no record has is passed over': [
    'src/commands/kept-back.ts',
    'if (wrong.length === 0) return;',
    'if (wrong.length >= 0) return;',
  ],
  'no field is near to another one': [
    'src/commands/kept-back.ts',
    'const question = near.length === 0 ?',
    'const question = near.length >= 0 ?',
  ],
  'a canceled run does not look whether all paths were met': [
    'src/commands/sync.ts',
    '  await fields.requireKnown(report.outputDir);\n  if (destination.savesAfterJob) return;',
    '  if (destination.savesAfterJob) return;',
  ],
  'a stream without a record is judged by its paths': [
    'src/commands/kept-back.ts',
    'streams.some(name => filters.get(name)?.hasLines) && ',
    '',
  ],
  'a schema knows no path': [
    'src/commands/kept-back.ts',
    '=> hasColumn(schemaBefore',
    "=> path === '' && hasColumn(schemaBefore",
  ],
  'a text is hashed as Kustomer has escaped it': [
    'src/records/fields.ts',
    'text[0] === QUOTE && text.includes(BACKSLASH);',
    'text[0] === BACKSLASH && text.includes(QUOTE);',
  ],
  'the state has the key of the hashes': [
    'src/commands/kept-back.ts',
    'undefined : keyDigest(hashKey);',
    'undefined : hashKey;',
  ],
  'any key of the hashes will do': [
    'src/commands/kept-back.ts',
    'if (other.length === 0) return;',
    'if (other.length >= 0) return;',
  ],
  'versions are told apart by what is left out of them, too': [
    'src/records/parts.ts',
    'contentOf: options.filter && contentWithout(options),',
    'contentOf: options.stream ? undefined : contentWithout(options),',
  ],
  'nobody is told of fields that are newly kept back': [
    'src/commands/kept-back.ts',
    'if (newly.length > 0) {',
    'if (newly.length > 99) {',
  ],
  'nobody is told of fields that are wanted again': [
    'src/commands/kept-back.ts',
    'if (wanted.length > 0) {',
    'if (wanted.length > 99) {',
  ],
  'what is gone from a list is forgotten': [
    'src/sync/read-list.ts',
    '      changed.push(dated(deletion(id, type, Math.max(now, listVersionTime(version) + 1 || 0))));\n',
    '',
  ],
  'deletions of the audit log are not looked for': [
    'src/commands/jobs.ts',
    'if (!config.readsAuditLog || !AUDITED.has(name)) return job;',
    'if (!config.readsAuditLog || AUDITED.has(name)) return job;',
  ],
  'a reconciliation believes any fall': [
    'src/sync/reconciliation.ts',
    'return before !== undefined && areTooMany(before - ids, before);',
    'return before === -1 && areTooMany(before - ids, before);',
  ],
  'records are not encrypted': [
    'src/records/encryption.ts',
    'if (recipients.length === 0) return undefined;',
    'if (recipients.length >= 0) return undefined;',
  ],
  'a compaction keeps the earliest version': [
    'src/records/latest.ts',
    'if (before === undefined || !isOlder(fact, before))',
    'if (before === undefined || isOlder(fact, before))',
  ],
  'a compaction does not look at reconciliations': [
    'src/records/latest.ts',
    'if (existing === undefined || !Number',
    "if (existing === undefined || key !== '' || !Number",
  ],
  'a compaction keeps the history': [
    'src/publish/branch/compact.ts',
    'createCommit(messageOf(work, streams), tree, null);',
    'createCommit(messageOf(work, streams), tree, tip.commit);',
  ],
  'a compaction counts the state up': [
    'src/publish/branch/compact.ts',
    'branchDocument(state, place, notes)',
    'branchDocument({ ...state, generation: state.generation + 1 }, place, notes)',
  ],
  'a compaction that is stopped goes on': ['src/commands/compact.ts', '      stop.signal.throwIfAborted();\n', ''],
  'a compaction replaces whatever is there': ['src/github/git.ts', ' beforeOid: from,', ''],
  'a compaction takes any branch': [
    'src/publish/branch/compact.ts',
    'if (other === undefined) return;',
    "if (other !== '') return;",
  ],

  'a record that comes back is taken for known': [
    'src/sync/read-list.ts',
    'gone.set(id, now);',
    'gone.set(id, now);\n      seen.set(id, version);',
  ],
  'a deletion line wins also over what is written after it': [
    'src/records/latest.ts',
    'return count > before;',
    'return count > before + 99;',
  ],
  'what Kustomer tells of custom attributes does not count': [
    'src/commands/learning.ts',
    'schema.tell(kind, defined, now);',
    'schema.tell(kind, null, now);',
  ],
  'the end of a name says nothing': [
    'src/schema/columns.ts',
    '(Object.hasOwn(SUFFIXES, word) ? (SUFFIXES[word] as Kinds) : 0);',
    '0;',
  ],

  // docs/inputs.md.
  'one problem with the inputs is reported': [
    'src/config/read-config.ts',
    '...found.map(({ problem }) => problem)];',
    '...found.map(({ problem }) => problem)].slice(0, 1);',
  ],
  'a stream has no mode of its own': [
    'src/config/stream-kinds.ts',
    'mode: mode as SyncMode | undefined, named',
    'mode: mode && undefined, named',
  ],
  '`sync-mode` is ignored': [
    'src/config/config.ts',
    '({ mode = syncMode, ...entry })',
    "({ mode = syncMode && 'incremental', ...entry })",
  ],
  'a start date is ignored': [
    'src/sync/plan.ts',
    'Math.max(options.startDate ?? 0, usesArchive',
    'Math.max(0, usesArchive',
  ],
  'an end date is ignored': [
    'src/sync/plan.ts',
    'const to = Math.min(cutoff, endDate ?? cutoff);',
    'const to = cutoff;',
  ],
  'all syncs have one state': [
    'src/config/scope.ts',
    'const stateName = endDate === null ? stateId :',
    "const stateName = endDate === null ? 'default' :",
  ],
  'a state that is missing is never an error': [
    'src/state/store.ts',
    "if (onMissing === 'fail') {",
    'if (onMissing === undefined) {',
  ],
  '`reset-state` is ignored': [
    'src/state/store.ts',
    "if (reset) {\n    log.info('State: ignored",
    "if (reset && saved === null) {\n    log.info('State: ignored",
  ],
  '`confirm-vanished` is ignored': [
    'src/sync/plan.ts',
    'options.confirmVanished === true &&',
    'options.confirmVanished === undefined &&',
  ],
  'files are never compressed': [
    'src/records/parts.ts',
    "const bytes = compression === 'gzip' ?",
    'const bytes = compression === undefined ?',
  ],
  'messages of Singer may be raw': [
    'src/config/conflicts.ts',
    "if (recordFormat !== 'flat') found",
    'if (recordFormat === undefined) found',
  ],
  'a directory may hold something': [
    'src/config/kinds.ts',
    'readdirSync(path).length === 0',
    'readdirSync(path).length >= 0',
  ],
  'all attempts of a run give their artifacts one name': [
    'src/publish/artifact.ts',
    "(context.attempt === '1' ?",
    "(context.attempt !== '' ?",
  ],
  'the folder of the data is always the same': [
    'src/publish/branch/branch.ts',
    'repository, branch, dataPath, stateName };',
    "repository, branch, dataPath: dataPath && 'data', stateName };",
  ],
  'the data branch is always in the repository of the workflow': [
    'src/publish/branch/branch.ts',
    'async function placeIn({ api, repository, branch,',
    'async function placeIn({ api, context: { repository }, branch,',
  ],
  '`allow-public` is ignored': [
    'src/publish/artifact.ts',
    'if (!allowPublic) await requirePrivate',
    'if (!allowPublic || allowPublic) await requirePrivate',
  ],
  'nobody is told that old records are skipped': [
    'src/commands/jobs.ts',
    "'Records last updated more than two years ago are skipped, as `archive: never` says. Use `archive: auto` to read them, too.'",
    "'.'",
  ],
  '`settle` is ignored': [
    'src/sync/plan.ts',
    'return floorToSecond(now - settleMs);',
    'return floorToSecond(settleMs ? now : now);',
  ],
  '`lookback` is ignored': [
    'src/sync/state.ts',
    'Math.max(before.dedupSince, before.cutoff - lookbackMs)',
    'Math.max(before.dedupSince, before.cutoff)',
  ],
  '`concurrency` is ignored': ['src/commands/prepare.ts', 'concurrency: config.concurrency,', 'concurrency: 10,'],
  'a list of the past tells what has gone': ['src/sync/read-list.ts', ' && until === undefined;', ';'],
  'a part of a stream may replace all of it': [
    'src/config/conflicts.ts',
    'if (refreshed.length > 0 && (endDate',
    'if (refreshed.length < 0 && (endDate',
  ],
  'a run with `reset-state` starts the next one': [
    'src/commands/auto-continue.ts',
    'if (config.resetState) {',
    'if (config.resetState && !log) {',
  ],
  'a run that waits says nothing': ['src/report/log.ts', 'const INTERVAL_MS = 10_000;', 'const INTERVAL_MS = 100_000;'],
  'no run starts the next one': [
    'src/commands/auto-continue.ts',
    'return { starts: change.changed.length > 0, consecutiveRuns };',
    'return { starts: change.changed.length > 999, consecutiveRuns };',
  ],
  'the shards of a plan overlap': [
    'src/commands/plan.ts',
    'const works = split.map((search, n) => ({\n    search,',
    'const works = split.map((search, n) => ({\n    search: split[0] ?? search,',
  ],
  'a merge forgets the first shard': [
    'src/commands/merge.ts',
    'joinOnto(before, plan, states, config);',
    'joinOnto(before, plan, states.slice(1), config);',
  ],
  'any text is a shard': [
    'src/shards/shard.ts',
    'return formatShard(shard) === text.trim() ? shard : null;',
    'return shard;',
  ],
  'a run that stops early calls itself complete': [
    'src/report/report.ts',
    "const isRead = streams.length > 0 && streams.every(({ outcome }) => outcome === 'complete');",
    'const isRead = streams.length > 0;',
  ],
  'a stream has no number of requests': [
    'src/commands/snapshots.ts',
    'requests: client.requestsFor(name),',
    'requests: 0,',
  ],
  'the manifest is not where its path leads': [
    'src/commands/outcome.ts',
    'report.manifest = receipt.manifest;',
    'report.manifest = receipt.manifest.slice(1);',
  ],
  'an artifact is known by another id': ['src/publish/artifact.ts', 'id: String(id),', 'id: String(id + 1),'],
  'an artifact has no address': [
    'src/report/report.ts',
    "'artifact-url': report.artifact?.url ?? '',",
    "'artifact-url': '',",
  ],
  'the digest of an artifact begins with its kind': [
    'src/publish/artifact.ts',
    "digest: digest.replace(/^sha256:/, ''),",
    "digest: 'sha256:' + digest,",
  ],
  'a state always counts as saved': [
    'src/commands/outcome.ts',
    'report.stateSaved = receipt.stateSaved;',
    'report.stateSaved = true;',
  ],
  'the number of the state stays what it was': [
    'src/commands/outcome.ts',
    'if (receipt.state !== null) report.generation = receipt.state.generation;',
    '',
  ],
  'a plan has no matrix': ['src/report/report.ts', "matrix: report.plan?.matrix ?? '',", "matrix: '',"],
  'a plan has no estimate': [
    'src/report/report.ts',
    "estimate: report.plan === undefined ? '' : JSON.stringify(report.plan.estimate),",
    "estimate: '',",
  ],

  // docs/design.md and the manifest.
  'an entry of the cache that cannot be fetched counts as none': [
    'src/state/cache-store.ts',
    'throw unreadableEntry(listed);',
    'return { saved, base };',
  ],
  'any format goes with any other': [
    'src/commands/prepare.ts',
    'if (otherFormat.length > 0) {',
    'if (otherFormat.length > 99) {',
  ],
  'nobody is told that deleted records are missing': [
    'src/commands/prepare.ts',
    'if (withoutDeleted.length === 0) return;',
    'if (withoutDeleted.length >= 0) return;',
  ],
  'nobody is told of another run': [
    'src/publish/destination.ts',
    'if (lost.length > 0 && next.otherRun !== null) warnOfLost',
    'if (lost.length > 99 && next.otherRun !== null) warnOfLost',
  ],
  'a file that is refused ends the run': [
    'src/publish/branch/commit.ts',
    'if (refusal === null) throw error;',
    'if (refusal !== undefined) throw error;',
  ],
  'a commit replaces whatever is there': ['src/github/git.ts', 'sha, force: false };', 'sha, force: true };'],
  'a reconciliation does not read again what was updated meanwhile': [
    'src/commands/reconcile.ts',
    'if (isSearch(stream) && !(await readLast())) return false;',
    "if (name === '' && !(await readLast())) return false;",
  ],
  'a long run uploads several artifacts': [
    'src/publish/cached.ts',
    'maxParts: Number.POSITIVE_INFINITY,',
    'maxParts: 1,',
  ],
  'the manifest does not say of which version it is': [
    'src/publish/destination.ts',
    'JSON.stringify({ version: 1, run,',
    'JSON.stringify({ run,',
  ],
  'the manifest has the streams without their requests': [
    'src/publish/destination.ts',
    '...evidence, streams, files: all',
    '...evidence, streams: streams.map(({ requests: _, ...rest }) => rest), files: all',
  ],
  'requests are not counted': ['src/kustomer/client.ts', 'usage[purpose].requests++;', ''],
  'the manifest has the bytes before compression': [
    'src/records/parts.ts',
    'bytes: total.bytes,',
    'bytes: total.size,',
  ],
  'a reconciliation speaks for the time of its end': [
    'src/commands/reconcile.ts',
    'own.asOf = Math.min(own.asOf, ',
    'own.asOf = Math.max(Date.now(), ',
  ],
  'answers 429 are not counted': [
    'src/kustomer/client.ts',
    'usage[request.purpose].rate_limited++;',
    'usage[request.purpose].rate_limited += 0;',
  ],

  // docs/reading-the-data.md.
  'a line ends without a line end': ['src/records/record.ts', 'this.put(LINE_END);', 'this.put(0x20);'],
  'attributes stay where they are': [
    'src/records/flat.ts',
    "if (key === 'attributes' && isObject(json, at))",
    "if (key === '' && isObject(json, at))",
  ],
  'relationships are left out': [
    'src/records/flat.ts',
    'if (this.#relationships >= 0) eachMember',
    'if (this.#relationships < -1) eachMember',
  ],
  'a relationship has its name also where an attribute has it': [
    'src/records/name-plan.ts',
    'if (ofAttributes.has(each.natural))',
    'if (ofAttributes.size === -1)',
  ],
  'an attribute may have the name of a member of the resource': [
    'src/records/name-plan.ts',
    "['id', 'type', 'links']",
    "['id', 'links']",
  ],
  'of keys that meet in one name the first of the alphabet has it': [
    'src/records/name-plan.ts',
    'return isWritten(b) - isWritten(a) ||',
    'return isWritten(a) - isWritten(a) ||',
  ],
  'of a key that comes twice the first value counts': [
    'src/records/name-plan.ts',
    'if (earlier !== undefined) plan.set(earlier.from, null);\n      members',
    'if (earlier !== undefined) plan.set(from, null);\n      else members',
  ],
  'any part of a list may vanish': [
    'src/sync/read-list.ts',
    'return vanished > Math.max(',
    'return vanished > 1e9 + Math.max(',
  ],
  'ids that are not complete count': [
    'src/schema/views.ts',
    "WHERE stream.outcome = 'complete'",
    "WHERE stream.outcome <> ''",
  ],
  'a reconciliation may be of a window': [
    'src/config/conflicts.ts',
    '.filter(([, isGiven]) => isGiven)',
    '.filter(([, isGiven]) => isGiven === undefined)',
  ],
  'nothing counts as changed': ['src/sync/changes.ts', "counts[known ? 'changed' : 'new']++;", 'counts.new++;'],
  'schemas learn nothing': [
    'src/schema/learn.ts',
    'widen({ ...before, ...(custom && { custom }) }, observer.seen(), { isComplete }),',
    'isComplete ? before : before,',
  ],
  'starting over forgets the schemas': [
    'src/sync/next-state.ts',
    'revisions: new Map(epochs), schemas };',
    'revisions: new Map(epochs), schemas: new Map([...schemas].slice(0, 0)) };',
  ],
  'nothing is new among columns': [
    'src/schema/learn.ts',
    '(known === before ? changes(known,',
    '(known === schema ? changes(known,',
  ],
  'a run without news makes a commit': [
    'src/publish/branch/commit.ts',
    'const isNews = kept.files.length > 0 ||',
    'const isNews = kept.files.length >= 0 ||',
  ],
  'no branch is marked as checked': ['src/publish/branch/freshness.ts', 'if (!tip || ', 'if (tip || !tip || '],
  'any folder goes with any other': [
    'src/state/branch.ts',
    "if (typeof folder !== 'string' || folder === dataPath) return;",
    "if (typeof folder !== 'string' || folder !== '') return;",
  ],
  'a full refresh adds to the files that there are': [
    'src/publish/branch/commit.ts',
    '.filter(({ path }) => replaces.includes(path))',
    ".filter(({ path }) => replaces.includes(path) && path === '')",
  ],
  'a full refresh that is not complete replaces the files': [
    'src/commands/snapshots.ts',
    "jobs.filter(({ name, mode }) => mode !== 'full_refresh' || completed.has(name));",
    "jobs.filter(({ name, mode }) => mode !== 'full_refresh' || name !== '');",
  ],
  'messages of Singer have no key': ['src/schema/singer.ts', "key_properties: ['id'],", 'key_properties: [],'],
  'messages of Singer lack a record of each file': [
    'src/publish/singer.ts',
    'Buffer.concat(lines.flatMap(messages));',
    'Buffer.concat(lines.slice(1).flatMap(messages));',
  ],
  'each stream has a bookmark in the messages of Singer': [
    'src/publish/singer.ts',
    "streams.filter(({ outcome }) => outcome === 'complete');",
    "streams.filter(({ outcome }) => outcome !== '');",
  ],
  'a checkpoint does not close the files that are encrypted': [
    'src/records/parts.ts',
    'await (options.encrypt === undefined ? writer.writeChunk() : writer.end());',
    'await writer.writeChunk();',
  ],
  'a compaction removes what is not its own': [
    'src/publish/branch/compact-stream.ts',
    'files: written && [...kept, ...written.files]',
    'files: written && kept && [...written.files]',
  ],
  'the mark of a branch keeps its history': [
    'src/publish/branch/freshness.ts',
    'git.createCommit(message, tree, null)',
    'git.createCommit(message, tree, tip.commit)',
  ],
  'a plan has one shard where one is enough': [
    'src/shards/estimate.ts',
    'const even = shardsAtOnce * Math.max(1, Math.ceil(needed / shardsAtOnce));',
    'const even = needed;',
  ],
} as const satisfies Record<string, Bug>;

export type BugName = keyof typeof BUGS;

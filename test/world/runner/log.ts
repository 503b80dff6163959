// What the runner makes of the lines a step prints: workflow commands, masks, annotations
// (docs/actions-platform.md#log-and-masks).

export type AnnotationLevel = 'error' | 'warning' | 'notice';

export interface Annotation {
  level: AnnotationLevel;
  message: string;
  title?: string;
  file?: string;
  line?: number;
}

export interface LogLine {
  at: Date;
  text: string;
}

export interface Group {
  title: string;
  lines: string[];
}

const ANNOTATIONS_PER_LEVEL = 10;
const MESSAGE_LIMIT = 4096;

/** The masks of a job: they hold from the moment they are added, for every later step too. */
export class Masks {
  /** The longest first, so that a value goes before a part of it. */
  #values: string[] = [];

  /** The whole value, each line of it, and the encodings the runner knows. */
  add(value: string): void {
    for (const secret of [value, ...value.split(/\r?\n/)]) {
      if (secret.trim() === '') continue;
      this.#values.push(...encodings(secret).filter(form => form !== '' && !this.#values.includes(form)));
    }
    this.#values.sort((a, b) => b.length - a.length);
  }

  apply(text: string): string {
    let masked = text;
    for (const value of this.#values) masked = masked.replaceAll(value, '***');
    return masked;
  }
}

function encodings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString('base64'),
    // A secret in the middle of something longer that is encoded as a whole stands at one of three shifts.
    bytes.subarray(1).toString('base64'),
    bytes.subarray(2).toString('base64'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
    secret.replaceAll('"', '\\"'),
  ];
}

export interface LogOptions {
  masks: Masks;
  debug: boolean;
  onLine?: ((text: string) => void) | undefined;
}

/** The log of one phase of one step. */
export class StepLog {
  /** As a reader of the log sees it. */
  readonly lines: LogLine[] = [];
  /** The same without masks: what would leak if they were not there. Lines with ::add-mask:: are in neither. */
  readonly unmasked: string[] = [];
  /** Every line as the process wrote it. */
  readonly raw: string[] = [];
  readonly annotations: Annotation[] = [];
  /** Annotations beyond ten of a level: in the log, and nowhere else. */
  readonly dropped: Annotation[] = [];
  readonly groups: Group[] = [];
  /** Through the old commands ::set-output and ::save-state. */
  readonly outputs: Record<string, string> = {};
  readonly state: Record<string, string> = {};
  #options: LogOptions;
  #stopToken: string | undefined;
  #group: Group | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  get text(): string {
    return this.lines.map(line => `${line.text}\n`).join('');
  }

  /** A line of the process. */
  write(line: string): void {
    this.raw.push(line);
    if (this.#stopToken !== undefined) {
      if (line.trim() === `::${this.#stopToken}::`) this.#stopToken = undefined;
      else this.#show(line);
      return;
    }
    const command = parseCommand(line);
    if (!command || !this.#obey(command)) this.#show(line);
  }

  annotate(annotation: Annotation): void {
    // Annotations are masked like the log, and cut (docs/actions-platform.md#log-and-masks).
    const message = this.#options.masks.apply(annotation.message).slice(0, MESSAGE_LIMIT);
    const kept = { ...annotation, message };
    if (annotation.title !== undefined) kept.title = this.#options.masks.apply(annotation.title);
    const full = this.annotations.filter(({ level }) => level === annotation.level).length >= ANNOTATIONS_PER_LEVEL;
    (full ? this.dropped : this.annotations).push(kept);
    this.#show(`##[${annotation.level}]${annotation.message}`);
  }

  #show(text: string): void {
    for (const line of text.split(/\r\n|\n|\r/)) {
      const masked = this.#options.masks.apply(line);
      this.unmasked.push(line);
      this.lines.push({ at: new Date(), text: masked });
      this.#group?.lines.push(masked);
      this.#options.onLine?.(masked);
    }
  }

  /** False when it is no command of the runner's: then the line is shown as it is. */
  #obey({ name, properties, value }: Command): boolean {
    switch (name) {
      case 'add-mask':
        if (value.trim() === '')
          this.annotate({ level: 'warning', message: "Can't add secret mask for empty string." });
        else this.#options.masks.add(value);
        return true;
      case 'error':
      case 'warning':
      case 'notice': {
        const { title, file, line } = properties;
        this.annotate({
          level: name,
          message: value,
          ...(title === undefined ? {} : { title }),
          ...(file === undefined ? {} : { file }),
          ...(line === undefined ? {} : { line: Number(line) }),
        });
        return true;
      }
      case 'debug':
        if (this.#options.debug) this.#show(`##[debug]${value}`);
        return true;
      case 'group':
        this.#show(`##[group]${value}`);
        this.#group = { title: this.#options.masks.apply(value), lines: [] };
        this.groups.push(this.#group);
        return true;
      case 'endgroup':
        this.#group = undefined;
        this.#show('##[endgroup]');
        return true;
      case 'stop-commands':
        this.#stopToken = value;
        return true;
      case 'set-output':
        this.outputs[properties.name ?? ''] = value;
        return true;
      case 'save-state':
        this.state[properties.name ?? ''] = value;
        return true;
      case 'echo':
      case 'add-matcher':
      case 'remove-matcher':
        return true;
      case 'set-env':
      case 'add-path':
        this.annotate({ level: 'error', message: `The \`${name}\` command is disabled.` });
        return true;
      default:
        return false;
    }
  }
}

interface Command {
  name: string;
  properties: Record<string, string>;
  value: string;
}

/** `::name key=value,key=value::value`, also after white space. */
function parseCommand(line: string): Command | undefined {
  const match = /^\s*::([\w-]+)(?: ([^\n]*?))?::(.*)$/s.exec(line);
  if (!match) return undefined;
  const properties: Record<string, string> = {};
  for (const pair of (match[2] ?? '').split(',')) {
    const at = pair.indexOf('=');
    if (at > 0)
      properties[pair.slice(0, at).trim()] = decode(
        pair
          .slice(at + 1)
          .replaceAll('%3A', ':')
          .replaceAll('%2C', ','),
      );
  }
  return { name: (match[1] ?? '').toLowerCase(), properties, value: decode(match[3] ?? '') };
}

function decode(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

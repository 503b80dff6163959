// From a row to the exact JSON text of its resource. The text depends on the seed, the row and the version only: the
// same version is the same text each time, and two versions of a record differ.
import { EXOTIC, huge } from './exotic.ts';
import { mix, Random, textSeed } from './random.ts';
import type { Row, SpoiledUpdatedAt, Version } from './rows.ts';
import { shapeOf } from './shapes.ts';
import { type Stream, typeOf } from './streams.ts';
import { compile, fill, type Slot, slot, type Template } from './template.ts';
import { NAMES, TEAMS, words } from './text.ts';

/** Examples a stream has, exotic ones apart. Enough that hardly two neighbours have the same attributes. */
const EXAMPLES = 48;
/** Worlds take their examples from one of this many sets, by their seed: to make one costs more than to render a page. */
const EXAMPLE_SETS = 16;
/** The examples that have been made in this process, by all that they depend on. */
const TEMPLATES = new Map<string, Template>();
/** Texts for the slot `preview`, by the seed of the set. */
const PREVIEWS = new Map<number, string[]>();
const EXOTIC_NAMES = Object.keys(EXOTIC);
const EXOTIC_EVERY = 40;
const HUGE_EVERY = 4001;

const DAY = 86_400_000;
/** What fills a slot is JSON text already. */
const ESCAPED_NAMES = NAMES.map(name => JSON.stringify(name).slice(1, -1));
const USER_TYPES = ['user', 'user', 'user', 'machine', 'limited'];

export interface RenderOptions {
  readonly seed: number;
  /** The id of some record of the stream, so that relationships lead somewhere. */
  readonly relate: (stream: Stream, hash: number) => string;
  /** For the relationships that customers have, one for each klass. */
  readonly klasses: () => readonly string[];
  /** One record in so many is exotic; Infinity for none. */
  readonly exoticEvery?: number;
  /** Changes what is shown of a record. */
  readonly plant?: ((stream: Stream, json: string) => string) | undefined;
}

export class Renderer {
  readonly #options: RenderOptions;
  readonly #exoticEvery: number;
  /** Seed of the examples. */
  readonly #set: number;
  readonly #templates = new Map<string, Template[]>();
  readonly #previews: string[];
  readonly #days = new Map<number, string>();

  constructor(options: RenderOptions) {
    this.#options = options;
    this.#exoticEvery = options.exoticEvery ?? EXOTIC_EVERY;
    this.#set = (options.seed >>> 0) % EXAMPLE_SETS;
    this.#previews = previewsOf(this.#set);
  }

  render(version: Version, orgId: string): string {
    const { plant } = this.#options;
    const json = this.#render(version, orgId);
    return plant === undefined ? json : plant(version.row.stream, json);
  }

  #render(version: Version, orgId: string): string {
    const { row, updatedAt, rev } = version;
    const { seed, relate } = this.#options;
    const hash = mix(seed, row.seq, 1);
    const text = fill(this.#template(version), (name: Slot) => {
      switch (name) {
        case 'id':
          return row.id;
        case 'orgId':
          return orgId;
        case 'createdAt':
          return this.iso(row.createdAt);
        case 'updatedAt':
          return this.iso(updatedAt);
        case 'modifiedAt':
          // Never after updatedAt, which moves on every change (docs/kustomer-api.md#update-time).
          return this.iso(Math.max(row.createdAt, updatedAt - (hash % DAY)));
        case 'rev':
          return rev;
        case 'name':
          return nameOf(row, hash);
        case 'preview':
          return `${this.#previews[(hash + rev) % 256]} (${row.seq}/${rev})`;
        case 'number':
          return (hash + rev) % 100;
        case 'customerId':
          return relate('customers', hash);
        case 'conversationId':
          return relate('conversations', hash);
        case 'userId':
          // So that each change of a record shows, whatever its `updatedAt` says.
          return relate('users', hash + rev);
        case 'teamId':
          return relate('teams', hash);
        case 'tagId':
          return relate('tags', hash);
        case 'userType':
          return this.userType(row.seq);
        case 'email':
          return this.email(row.seq);
      }
    });
    return version.spoiled === undefined ? text : spoil(text, version.spoiled, this.iso(updatedAt));
  }

  userType(seq: number): string {
    return USER_TYPES[mix(this.#options.seed, seq, 2) % USER_TYPES.length] as string;
  }

  email(seq: number): string {
    return `person${seq}@example.test`;
  }

  /** As Date.toISOString, for the years that have four digits; several times faster. */
  iso(ms: number): string {
    const day = Math.floor(ms / DAY);
    let date = this.#days.get(day);
    if (date === undefined) {
      date = new Date(day * DAY).toISOString().slice(0, 11);
      this.#days.set(day, date);
    }
    const rest = ms - day * DAY;
    const h = Math.floor(rest / 3_600_000);
    const m = Math.floor(rest / 60_000) % 60;
    const s = Math.floor(rest / 1000) % 60;
    const f = rest % 1000;
    return `${date}${TWO[h]}:${TWO[m]}:${TWO[s]}.${f < 10 ? '00' : f < 100 ? '0' : ''}${f}Z`;
  }

  #template({ row, deleted }: Version): Template {
    const { seq, stream, klass } = row;
    const hash = mix(this.#options.seed, seq, 3);
    let example = hash % EXAMPLES;
    if (hash % this.#exoticEvery === 0) example = EXAMPLES + (mix(hash) % EXOTIC_NAMES.length);
    if (mix(hash, 1) % HUGE_EVERY === 0 && this.#exoticEvery !== Infinity) example = EXAMPLES + EXOTIC_NAMES.length;
    const key = klass === undefined ? stream : `${stream}/${klass}`;
    let templates = this.#templates.get(key);
    if (templates === undefined) {
      templates = [];
      this.#templates.set(key, templates);
    }
    const number = example * 2 + (deleted ? 1 : 0);
    let template = templates[number];
    if (template === undefined) {
      template = this.#compile(stream, klass, key, example, deleted);
      templates[number] = template;
    }
    return template;
  }

  /** The same example is made once in a process, however many worlds show it. */
  #compile(stream: Stream, klass: string | undefined, key: string, example: number, deleted: boolean): Template {
    const klasses = this.#options.klasses();
    const name = JSON.stringify([this.#set, key, example, deleted, klasses]);
    let template = TEMPLATES.get(name);
    if (template === undefined) {
      template = compileExample(
        new Random(mix(this.#set, textSeed(key), example)),
        stream,
        klass,
        klasses,
        example,
        deleted,
      );
      TEMPLATES.set(name, template);
    }
    return template;
  }
}

function nameOf({ stream, seq }: Row, hash: number): string {
  return stream === 'teams' ? String(TEAMS[seq % TEAMS.length]) : `${ESCAPED_NAMES[hash % NAMES.length]} ${seq}`;
}

function previewsOf(set: number): string[] {
  let previews = PREVIEWS.get(set);
  if (previews === undefined) {
    const random = new Random(set);
    previews = Array.from({ length: 256 }, () => words(random, random.int(4, 25)));
    PREVIEWS.set(set, previews);
  }
  return previews;
}

function compileExample(
  random: Random,
  stream: Stream,
  klass: string | undefined,
  klasses: readonly string[],
  example: number,
  deleted: boolean,
): Template {
  const shape = shapeOf(stream, klass, klasses, random, deleted);
  const feature = EXOTIC_NAMES[example - EXAMPLES];
  if (feature !== undefined) EXOTIC[feature]?.(shape, random);
  else if (example > EXAMPLES) huge(shape, random);
  const path = stream === 'kobjects' ? `/v1/klasses/${klass}` : `/v1/${stream}`;
  return compile({
    type: typeOf(stream, klass),
    id: slot('id'),
    attributes: shape.attributes,
    relationships: shape.relationships,
    links: {
      self: `${path}/${slot('id')}`,
      ...(stream === 'messages' ? { related: `/v1/postmark/messages/${slot('id')}` } : {}),
    },
  });
}

const TWO = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));

/** Every stream has exactly one `updatedAt` member that equals the record's own on the level of its attributes. */
function spoil(text: string, how: SpoiledUpdatedAt, iso: string): string {
  const member = `,"updatedAt":"${iso}"`;
  switch (how) {
    case 'missing':
      return text.replace(member, '');
    case 'null':
      return text.replace(member, ',"updatedAt":null');
    case 'unreadable':
      return text.replace(member, ',"updatedAt":"not a date"');
    case 'number':
      return text.replace(member, `,"updatedAt":${Date.parse(iso)}`);
    case 'end-of-time':
      return text.replace(member, ',"updatedAt":"+275760-09-13T00:00:00.000Z"');
  }
}

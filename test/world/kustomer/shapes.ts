// Example records of each stream, built after public schemas (docs/kustomer-api.md#records). An example is drawn from a
// seed; places that differ from record to record are slots. Attributes that are not set are absent, not null
// (docs/kustomer-api.md#update-time).
import type { Random } from './random.ts';
import type { Stream } from './streams.ts';
import { rawSlot, slot } from './template.ts';
import { longText, NAMES, words } from './text.ts';

export type Json = Record<string, unknown>;

export interface Shape {
  attributes: Json;
  relationships: Json;
}

const HOUR = 3_600_000;

/** Keeps each member with the given probability. */
function some(random: Random, probability: number, members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(() => random.chance(probability)));
}

function when(random: Random): string {
  return new Date(1_700_000_000_000 + random.int(0, 20_000) * HOUR + random.int(0, HOUR)).toISOString();
}

function hex(random: Random): string {
  return Array.from({ length: 24 }, () => random.int(0, 16).toString(16)).join('');
}

function ids(random: Random, max: number): string[] {
  return Array.from({ length: random.int(0, max + 1) }, () => hex(random));
}

function to(type: string, id: string, path = `/v1/${type}s`): Json {
  return { data: { type, id }, links: { self: `${path}/${id}` } };
}

const ORG = { data: { type: 'org', id: slot('orgId') }, links: { self: `/v1/orgs/${slot('orgId')}` } };

/** Custom attributes, one or more of each documented suffix (docs/kustomer-api.md#custom-attributes). */
function custom(random: Random, prefix: string): Json {
  return some(random, 0.6, {
    [`${prefix}OrderIdStr`]: `ORD-${random.int(1, 999_999)}`,
    [`${prefix}LoyaltyTierStr`]: random.pick(['gold', 'silver', 'Bronzé', null]),
    [`${prefix}RemarksTxt`]: words(random, random.int(3, 40)),
    [`${prefix}BasketValueNum`]: random.int(0, 100_000) / 100,
    [`${prefix}ItemCountNum`]: random.int(0, 50),
    [`${prefix}PromisedForAt`]: when(random),
    [`${prefix}IsVipBool`]: random.chance(0.5),
    [`${prefix}TrackingUrl`]: `https://track.example.test/${random.int(1, 1e9)}?a=1&b=%20`,
    [`${prefix}PartnerId`]: hex(random),
    [`${prefix}ContactReasonTree`]: `returns.${random.pick(['size', 'damage', 'late'])}.${random.pick(['web', 'shop'])}`,
    [`${prefix}ChannelsStr`]: ['web', 'phone'],
    [`${prefix}LegacyNullStr`]: null,
  });
}

function sentiment(random: Random): Json {
  return { polarity: random.pick([-1, 0, 1]), confidence: random.int(0, 1e6) / 1e6 };
}

function sla(random: Random): Json {
  return {
    version: hex(random),
    matchedAt: when(random),
    metrics: { firstResponse: { breachAt: when(random), satisfiedAt: when(random) }, longestUnrespondedMessage: {} },
    breached: random.chance(0.2),
    status: random.pick(['pending', 'satisfied', 'breached']),
    summary: { firstBreachAt: null, satisfiedAt: when(random) },
  };
}

/** `to`, `cc` and `bcc` come as an array of objects, one object, or a string (docs/kustomer-api.md#messages). */
function addressees(random: Random): unknown {
  const one = { email: `c${random.int(1, 9999)}@example.test`, name: random.pick(NAMES) };
  return random.pick<unknown>([[one, { email: 'second@example.test' }], one, one.email]);
}

function messageMeta(random: Random): Json {
  return {
    from: 'support@example.test',
    to: addressees(random),
    ...some(random, 0.4, {
      cc: addressees(random),
      bcc: addressees(random),
      subject: words(random, 5),
      inReplyTo: null,
    }),
    recipient: { mailboxHash: '', email: 'support@example.test' },
  };
}

function lastMessage(random: Random): Json {
  return {
    id: hex(random),
    sentAt: when(random),
    createdAt: when(random),
    channel: 'email',
    meta: messageMeta(random),
  };
}

function response(random: Random): Json {
  return {
    id: hex(random),
    time: random.int(0, 1e7),
    businessTime: random.int(0, 1e6),
    responseTime: random.int(0, 1e7),
    createdAt: when(random),
    createdBy: slot('userId'),
    createdByTeams: [slot('teamId')],
    assignedTeams: ids(random, 1),
    assignedUsers: ids(random, 2),
    sentAt: when(random),
    source: random.pick(['agent', 'bulk']),
  };
}

function done(random: Random): Json {
  return {
    ...response(random),
    messageCount: random.int(1, 30),
    messageCountByChannel: { email: random.int(0, 30), chat: 2 },
    outboundMessageCount: random.int(0, 9),
    outboundMessageCountByChannel: { email: 1 },
    noteCount: 1,
    lastMessageDirection: 'out',
    lastMessageDirectionType: 'response-out',
  };
}

const total = (random: Random): Json => ({ time: random.int(0, 1e9), businessTime: random.int(0, 1e8) });

function conversation(random: Random): Shape {
  return {
    attributes: {
      name: slot('name'),
      preview: slot('preview'),
      channels: random.sample(random.int(1, 4), 0, 4).map(i => ['email', 'chat', 'sms', 'voice'][i]),
      status: random.pick(['open', 'snoozed', 'done']),
      ...some(random, 0.4, {
        open: { statusAt: when(random) },
        snooze: { status: 'none', statusAt: when(random), time: null },
      }),
      messageCount: rawSlot('number'),
      noteCount: random.int(0, 5),
      outboundMessageCount: random.int(0, 9),
      satisfaction: 0,
      ...some(random, 0.18, {
        satisfactionLevel: {
          sentByTeams: ids(random, 2),
          answers: [],
          channel: 'email',
          status: 'responded',
          score: 4,
          rating: 1,
        },
        inboundMessageCount: random.int(0, 9),
        reopenFromDoneCount: random.int(0, 3),
        snoozeCount: 0,
        importedAt: when(random),
        endedReason: 'agent',
        endedByType: 'user',
        suggestedShortcuts: ids(random, 2),
        predictions: [{ name: 'language', value: 'en', confidence: 0.91 }],
        firstMessageOut: lastMessage(random),
        lastMessageUnrespondedToSinceLastDone: lastMessage(random),
        firstResponseSinceLastDone: response(random),
        lastDone: done(random),
        totalSnooze: total(random),
        replyChannel: 'email',
        externalQueue: null,
        externalId: `ext-${random.int(1, 1e9)}`,
        skills: ids(random, 2),
        attribution: { channel: 'web', revenueValue: random.int(1, 9999) / 100, currency: 'EUR' },
        lastDeflection: { deflected: false },
        linkedConversations: ids(random, 2),
        mergedTarget: true,
        pinned: false,
        locale: 'en_US',
        matchedTimeBasedRules: [],
      }),
      ...some(random, 0.3, {
        lastMessageIn: lastMessage(random),
        lastMessageOut: lastMessage(random),
        lastMessageUnrespondedTo: {},
        firstResponse: response(random),
        firstDone: done(random),
        totalOpen: total(random),
        totalDone: total(random),
        sla: sla(random),
        sentiment: sentiment(random),
        assistant: { fac: { reasons: [], exclusive: false }, assistantId: [], status: 'none' },
      }),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      ...some(random, 0.7, { modifiedAt: slot('modifiedAt') }),
      lastActivityAt: slot('updatedAt'),
      spam: false,
      ended: random.chance(0.3),
      tags: [slot('tagId')],
      suggestedTags: [],
      assignedUsers: [slot('userId')],
      assignedTeams: [slot('teamId')],
      custom: custom(random, 'conv'),
      modificationHistory: {
        nameAt: null,
        priorityAt: null,
        channelAt: null,
        assignedUsersAt: when(random),
        customAt: null,
      },
      roleGroupVersions: [],
      accessOverride: [],
      doneCount: random.int(0, 4),
      reopenCount: 0,
      phase: random.pick(['open', 'done', 'initial']),
      direction: random.pick(['in', 'out']),
      lastMessageDirection: 'in',
      defaultLang: 'en_us',
      priority: random.int(1, 6),
      rev: rawSlot('rev'),
    },
    relationships: {
      messages: { links: { self: `/v1/conversations/${slot('id')}/messages` } },
      org: ORG,
      customer: to('customer', slot('customerId')),
      ...some(random, 0.5, {
        brand: to('brand', hex(random)),
        createdBy: to('user', slot('userId')),
        endedBy: to('user', slot('userId')),
        queue: to('queue', hex(random)),
        // Shares its name with the attribute (docs/kustomer-api.md#conversations).
        sla: to('sla', hex(random)),
        slaVersion: { data: { type: 'sla_version', id: hex(random) } },
      }),
      modifiedBy: to('user', slot('userId')),
    },
  };
}

function customer(random: Random, klasses: readonly string[]): Shape {
  return {
    attributes: {
      name: slot('name'),
      displayName: slot('name'),
      displayColor: 'lavender',
      displayIcon: random.pick(['zebra', 'fox', 'elk']),
      externalIds: [],
      sharedExternalIds: [],
      emails: [{ type: 'home', email: slot('email'), verified: false, externalVerified: false }],
      sharedEmails: [],
      phones: random.chance(0.5) ? [{ type: 'mobile', phone: `+1555${random.int(1e6, 1e7)}`, verified: true }] : [],
      sharedPhones: [],
      whatsapps: [],
      sharedWhatsapps: [],
      facebookIds: [],
      instagramIds: [],
      smoochIds: [],
      socials: [],
      sharedSocials: [],
      urls: [],
      locations: [],
      activeUsers: [],
      watchers: ids(random, 2),
      recentLocation: { updatedAt: when(random), location: { countryCode: 'FR', latitude: 48.85, longitude: 2.35 } },
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      // On 4 of 100 customers only (docs/kustomer-api.md#customers).
      ...some(random, 0.04, { modifiedAt: slot('modifiedAt') }),
      ...some(random, 0.25, {
        firstName: 'Zoë',
        lastName: random.pick(NAMES),
        username: `u${random.int(1, 1e6)}`,
        avatarUrl: 'https://img.example.test/a.png',
        companyName: 'Acme & Söhne',
        externalId: `cust-${random.int(1, 1e9)}`,
        locale: 'fr_FR',
        timeZone: 'Europe/Paris',
        birthdayAt: '1987-03-04',
        gender: random.pick(['m', 'f']),
        presence: 'offline',
        importedAt: when(random),
        signedUpAt: when(random),
        lastSeenAt: when(random),
        lastCustomerActivityAt: when(random),
        lastMessageIn: lastMessage(random),
        lastMessageOut: lastMessage(random),
        sentiment: sentiment(random),
        sla: sla(random),
        unmaskingWindow: { startedAt: null },
        preview: {
          text: slot('preview'),
          subject: null,
          type: 'message_in',
          channel: 'email',
          previewAt: when(random),
        },
      }),
      lastActivityAt: slot('updatedAt'),
      lastMessageAt: when(random),
      lastMessageUnrespondedTo: {},
      lastConversation: { id: slot('conversationId'), tags: [], channels: ['email'], sentiment: null },
      conversationCounts: { done: rawSlot('number'), open: 0, snoozed: 0, all: rawSlot('number') },
      tags: random.chance(0.3) ? ['vip', 'b2b'] : [],
      progressiveStatus: random.pick([null, 'open', 'done']),
      satisfactionLevel: {
        firstSatisfaction: { sentByTeams: [] },
        lastSatisfaction: { sentByTeams: [] },
        count: 0,
        avgScore: null,
      },
      verified: false,
      deleted: false,
      rev: rawSlot('rev'),
      recentItems: [
        { type: 'kobject', id: hex(random), updatedAt: when(random), meta: { klassName: klasses[0] ?? 'order' } },
      ],
      defaultLang: 'en_us',
      roleGroupVersions: [],
      accessOverride: [],
      custom: custom(random, 'cust'),
    },
    relationships: {
      messages: { links: { self: `/v1/customers/${slot('id')}/messages` } },
      ...some(random, 0.3, { createdBy: to('user', slot('userId')), company: { data: null } }),
      org: ORG,
      modifiedBy: to('user', slot('userId')),
      ...some(random, 0.3, {
        sla: to('sla', hex(random)),
        slaVersion: { data: { type: 'sla_version', id: hex(random) } },
      }),
      // One key for each klass, plural, with no data (docs/kustomer-api.md#customers).
      ...Object.fromEntries(
        klasses.map(klass => [
          `${klass}s`,
          { links: { self: `/v1/customers/${slot('id')}/klasses/${klass}` }, meta: { kobject: true } },
        ]),
      ),
    },
  };
}

function kobject(random: Random, klass: string): Shape {
  return {
    attributes: {
      externalId: `${klass}-${random.int(1, 1e9)}`,
      title: slot('name'),
      ...some(random, 0.5, {
        description: words(random, 20),
        icon: 'box',
        images: ['https://img.example.test/1.png'],
        importedAt: when(random),
        s3DataUrl: 'https://s3.example.test/large.json',
        attribution: { conversationId: slot('conversationId'), channel: 'web', revenueValue: 12.5, currency: 'USD' },
        status: 'open',
        assignedUser: slot('userId'),
        assignedTeam: slot('teamId'),
        firstDone: done(random),
        lastDone: done(random),
        doneCount: 1,
        reopenCount: 0,
        reopenFromDoneCount: 0,
      }),
      data: {
        lines: [{ sku: `S-${random.int(1, 999)}`, quantity: rawSlot('number'), price: random.int(1, 9999) / 100 }],
        note: slot('preview'),
      },
      custom: custom(random, klass.replace(/[^A-Za-z]/g, '')),
      tags: [],
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      rev: rawSlot('rev'),
      klassDisplayName: klass[0]?.toUpperCase() + klass.slice(1),
      klassMixins: random.pick([[], ['assignable']]),
      roleGroupVersions: [],
    },
    relationships: {
      org: ORG,
      // Singular `link` here, unlike anywhere else (docs/kustomer-api.md#kobjects).
      klass: { data: { type: 'klass', id: klass }, link: { self: `/v1/klasses/${klass}` } },
      customer: to('customer', slot('customerId')),
      ...some(random, 0.3, { company: to('company', hex(random)), queue: to('queue', hex(random)) }),
    },
  };
}

function message(random: Random): Shape {
  const channel = random.pick(['email', 'sms', 'chat', 'facebook', 'voice', 'instagram-comment', 'whatsapp', 'form']);
  return {
    attributes: {
      ...some(random, 0.5, { externalId: hex(random), importedAt: when(random), source: 'bulk', lang: 'en_us' }),
      channel,
      app: random.pick(['postmark', 'twilio', 'chat']),
      size: rawSlot('number'),
      direction: random.pick(['in', 'out']),
      directionType: random.pick(['initial-in', 'response-out', 'followup-in']),
      preview: slot('preview'),
      ...some(random, 0.5, { subject: words(random, 6) }),
      meta: messageMeta(random),
      status: random.pick(['sent', 'received', 'error']),
      ...some(random, 0.3, {
        errorAt: when(random),
        responseTime: random.int(0, 1e7),
        responseBusinessTime: random.int(0, 1e6),
        redacted: true,
        redactedAt: when(random),
        sentiment: sentiment(random),
        reactions: [{ emoji: '👍', count: 2 }],
        firstDelivered: { timestamp: when(random), time: 12 },
        firstRead: { timestamp: when(random), time: 99 },
        intentDetections: [],
        location: {},
        custom: custom(random, 'msg'),
      }),
      assignedTeams: [slot('teamId')],
      assignedUsers: [slot('userId')],
      createdByTeams: [],
      auto: random.chance(0.1),
      sentAt: slot('createdAt'),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      ...some(random, 0.5, { modifiedAt: slot('modifiedAt') }),
      rev: rawSlot('rev'),
    },
    relationships: {
      org: ORG,
      // The type is "customers" in one official example (docs/kustomer-api.md#messages).
      customer: to(random.chance(0.05) ? 'customers' : 'customer', slot('customerId'), '/v1/customers'),
      conversation: to('conversation', slot('conversationId')),
      ...some(random, 0.5, {
        createdBy: to('user', slot('userId')),
        modifiedBy: to('user', slot('userId')),
        shortcuts: { data: ids(random, 2).map(id => ({ type: 'shortcut', id })) },
        attachments: { links: { self: `/v1/messages/${slot('id')}/attachments` } },
      }),
    },
  };
}

function note(random: Random): Shape {
  const body = random.chance(0.08) ? longText(random, 10_000) : longText(random, random.int(40, 600));
  return {
    attributes: {
      body: `${slot('preview')}\n\n${body}`,
      ...some(random, 0.4, {
        externalId: hex(random),
        importedAt: when(random),
        lang: 'en_us',
        createdByTeams: [slot('teamId')],
      }),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      ...some(random, 0.5, { modifiedAt: slot('modifiedAt') }),
      deleted: false,
    },
    relationships: {
      org: ORG,
      customer: to('customer', slot('customerId')),
      conversation: to('conversation', slot('conversationId')),
      createdBy: to('user', slot('userId')),
      ...some(random, 0.5, {
        modifiedBy: to('user', slot('userId')),
        userMentions: { data: [{ type: 'team', id: slot('teamId') }] },
      }),
    },
  };
}

function shortcut(random: Random): Shape {
  return {
    attributes: {
      name: slot('name'),
      draft: { text: `Hi {{customer.name}},\n\n${words(random, 30)} **${words(random, 2)}**` },
      ...some(random, 0.5, {
        conversation: { name: words(random, 3), tags: [slot('tagId')], custom: custom(random, 'conv') },
      }),
      payload: {
        text: {
          blocks: [
            {
              key: 'a1b2c',
              text: slot('preview'),
              type: 'unstyled',
              depth: 0,
              entityRanges: [{ offset: 3, length: 4, key: 0 }],
            },
          ],
          // Keys that are numbers (docs/kustomer-api.md#shortcuts).
          entityMap: {
            '0': { type: 'placeholder', mutability: 'IMMUTABLE', data: { path: 'customer.name' } },
            '1': { type: 'LINK' },
          },
        },
      },
      isPrivate: false,
      appDisabled: false,
      deleted: false,
      rev: rawSlot('rev'),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      ...some(random, 0.5, { modifiedAt: slot('modifiedAt') }),
    },
    relationships: {
      org: ORG,
      createdBy: to('user', slot('userId')),
      parent: { data: { type: 'shortcut_category', id: hex(random) } },
      accessUsers: { data: [] },
      accessTeams: { data: [{ type: 'team', id: slot('teamId') }] },
      attachments: { data: [] },
    },
  };
}

function tag(random: Random): Shape {
  return {
    attributes: {
      name: slot('name'),
      color: random.pick(['#ff0000', '#00ff00', 'blue']),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      ...some(random, 0.5, { modifiedAt: slot('modifiedAt') }),
      deleted: false,
    },
    relationships: { org: ORG, createdBy: to('user', slot('userId')), modifiedBy: to('user', slot('userId')) },
  };
}

function team(random: Random): Shape {
  return {
    attributes: {
      name: slot('name'),
      displayName: slot('name'),
      icon: 'rocket',
      members: [slot('userId'), ...ids(random, 8)],
      ...some(random, 0.5, { externalId: hex(random), importedAt: when(random), modifiedAt: slot('modifiedAt') }),
      roleGroups: ids(random, 2),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      deleted: false,
    },
    relationships: { org: ORG, createdBy: to('user', slot('userId')), modifiedBy: to('user', slot('userId')) },
  };
}

function user(random: Random): Shape {
  return {
    attributes: {
      displayName: slot('name'),
      name: slot('name'),
      userType: slot('userType'),
      email: slot('email'),
      emailVerifiedAt: when(random),
      ...some(random, 0.5, {
        firstEmailVerifiedAt: when(random),
        mobile: '+15550100',
        emailSignature: `<p>${words(random, 6)}</p>`,
        avatarUrl: 'https://img.example.test/u.png',
        firstLoginAt: when(random),
        mostRecentLoginAt: when(random),
        modifiedAt: slot('modifiedAt'),
      }),
      password: { allowNew: true, forceNew: false, updatedAt: when(random) },
      verifiedEmailStatus: 'verified',
      isEmailValid: true,
      roleGroups: ids(random, 2),
      roles: ['org.user.customer.read', 'org.user.conversation'],
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
    },
    relationships: { org: ORG, createdBy: to('user', slot('userId')), modifiedBy: to('user', slot('userId')) },
  };
}

function company(random: Random): Shape {
  return {
    attributes: {
      name: slot('name'),
      ...some(random, 0.5, {
        externalId: `comp-${random.int(1, 1e9)}`,
        domains: [`a${random.int(1, 999)}.example.test`],
        emails: [{ type: 'work', email: slot('email'), verified: false }],
        phones: [],
        whatsapps: [],
        socials: [],
        urls: [{ url: 'https://example.test', type: 'website' }],
        locations: [{ type: 'work', address: '1 Main St' }],
        modifiedAt: slot('modifiedAt'),
        importedAt: when(random),
        defaultLang: 'en_us',
      }),
      tags: random.chance(0.3) ? ['b2b'] : [],
      custom: custom(random, 'comp'),
      roleGroupVersions: [],
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      rev: rawSlot('rev'),
    },
    relationships: { org: ORG, createdBy: to('user', slot('userId')), modifiedBy: to('user', slot('userId')) },
  };
}

/** After the columns of Fivetran's table (docs/kustomer-api.md#work-sessions). */
function workSession(random: Random): Shape {
  return {
    attributes: {
      active: random.chance(0.2),
      statusType: random.pick(['available', 'busy', 'unavailable', 'offline']),
      capacityStatus: random.pick(['open', 'full']),
      capacityRemaining: random.int(0, 100),
      handledConversationCount: rawSlot('number'),
      handledItemCount: rawSlot('number'),
      hasPendingItem: random.chance(0.1),
      hasSkills: false,
      pausedWorkItemCount: 0,
      routable: true,
      ...some(random, 0.5, { signedOutAt: when(random), idleSince: when(random), lastAssignedItemAt: when(random) }),
      totalAvailable: { time: random.int(0, 1e7), businessTime: random.int(0, 1e6), statusAt: when(random) },
      signedInAt: slot('createdAt'),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      rev: rawSlot('rev'),
    },
    relationships: {
      org: ORG,
      user: to('user', slot('userId')),
      team: to('team', slot('teamId')),
      queues: { data: ids(random, 3).map(id => ({ type: 'queue', id })) },
    },
  };
}

function workItem(random: Random): Shape {
  return {
    attributes: {
      status: random.pick(['ivr', 'queued', 'routed', 'assigned', 'completed']),
      queuedCount: random.int(0, 4),
      resourceType: 'conversation',
      resource: { id: slot('conversationId'), channel: 'email', sla: sla(random) },
      priority: random.int(1, 6),
      itemSize: random.int(1, 100),
      ...some(random, 0.5, {
        handle: { completedAt: when(random), time: random.int(0, 1e7) },
        wrapUp: { time: random.int(0, 1e5) },
        abandoned: {},
        lastRevision: { id: hex(random) },
      }),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
      rev: rawSlot('rev'),
    },
    relationships: {
      org: ORG,
      conversation: to('conversation', slot('conversationId')),
      ...some(random, 0.7, { queue: to('queue', hex(random)), assignedTo: to('user', slot('userId')) }),
    },
  };
}

/** Without `updatedAt` (docs/kustomer-api.md#conversation-times). */
function conversationTime(random: Random): Shape {
  return {
    attributes: {
      handleAt: when(random),
      handleTime: random.int(0, 1e6),
      ...some(random, 0.5, { messageAt: when(random), messageTime: random.int(0, 1e6) }),
      channels: ['email'],
      assignedUsers: [slot('userId')],
      assignedTeams: [slot('teamId')],
      createdByTeams: [slot('teamId')],
      createdAt: slot('createdAt'),
    },
    relationships: {
      org: ORG,
      customer: to('customer', slot('customerId')),
      conversation: to('conversation', slot('conversationId')),
      createdBy: to('user', slot('userId')),
    },
  };
}

const CHANGED = { createdBy: to('user', slot('userId')), modifiedBy: to('user', slot('userId')) };

function queue(random: Random): Shape {
  return {
    attributes: {
      name: slot('name'),
      displayName: slot('name'),
      ...some(random, 0.5, {
        description: words(random, 5),
        key: `q-${random.int(1, 999)}`,
        modifiedAt: slot('modifiedAt'),
      }),
      priority: random.int(1, 6),
      itemSize: random.int(1, 100),
      restrictTransfersByUsers: false,
      settings: { overrideAssignment: 'none', putBackItemsOnOffline: 'never' },
      system: false,
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
    },
    relationships: { org: ORG, ...CHANGED },
  };
}

function brand(random: Random): Shape {
  return {
    attributes: {
      name: slot('name'),
      default: random.chance(0.2),
      ...some(random, 0.5, { iconUrl: 'https://img.example.test/b.png', modifiedAt: slot('modifiedAt') }),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
    },
    relationships: { org: ORG, ...CHANGED },
  };
}

/** An SLA, or a version of one: in the documents neither has `updatedAt` (docs/kustomer-api.md#slas). */
function serviceLevel(random: Random, klass: string | undefined): Shape {
  const dates = { createdAt: slot('createdAt'), updatedAt: slot('updatedAt') };
  if (klass === undefined) {
    const versions = { data: ids(random, 3).map(id => ({ type: 'sla_version', id })) };
    return {
      attributes: { currentVersion: rawSlot('number'), ...dates },
      relationships: { org: ORG, createdBy: to('user', slot('userId')), versions },
    };
  }
  const metric = { enabled: true, times: { '1': 3600, '2': 1800, '3': random.int(60, 900), '4': 300, '5': 60 } };
  return {
    attributes: {
      name: slot('name'),
      description: words(random, 8),
      version: rawSlot('number'),
      hours: 'business',
      metrics: { firstResponse: metric, longestUnrespondedMessage: { enabled: false, times: {} } },
      criteria: { and: [{ conversation_channel: { operator: 'equals', value: 'email' } }] },
      ...dates,
    },
    relationships: { org: ORG, createdBy: to('user', slot('userId')), sla: to('sla', hex(random)) },
  };
}

function businessSchedule(random: Random): Shape {
  const day = [[480, random.int(900, 1200)]];
  return {
    attributes: {
      name: slot('name'),
      hours: {
        '0': null,
        '1': day,
        '2': day,
        '3': day,
        '4': [
          [480, 720],
          [780, 1020],
        ],
        '5': day,
        '6': null,
      },
      timezone: random.pick(['Europe/Paris', 'America/New_York']),
      default: random.chance(0.2),
      ...some(random, 0.5, {
        holidays: [{ name: words(random, 2), date: '2026-12-25' }],
        modifiedAt: slot('modifiedAt'),
      }),
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
    },
    relationships: { org: ORG, ...CHANGED },
  };
}

function klassDefinition(random: Random, name = ''): Shape {
  return {
    attributes: {
      name,
      // Spelt so in an official example (docs/kustomer-api.md#klass-list).
      displayname: name,
      icon: 'box',
      color: random.pick(['#00ff00', '#ff0000']),
      status: 'enabled',
      mixins: ['editable'],
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
    },
    relationships: {
      org: ORG,
      kobjects: { links: { self: `/v1/klasses/${encodeURIComponent(name.toWellFormed())}` } },
    },
  };
}

/** In the documents it has no dates of its own (docs/kustomer-api.md#definitions-of-custom-attributes). */
function metadata(random: Random): Shape {
  const changed = { modifiedBy: slot('userId'), modifiedAt: when(random), updatedAt: when(random) };
  const children = [
    { id: 'size', displayName: 'Size' },
    { id: 'damage', displayName: 'Damage', children: [] },
  ];
  return {
    attributes: {
      properties: {
        orderIdStr: { type: 'string', displayName: slot('name') },
        loyaltyTierStr: { ...changed, type: 'string', enumeration: ['gold', 'silver'], displayName: 'Loyalty Tier' },
        contactReasonTree: { ...changed, type: 'tree', tree: { children }, lastNodeRequired: false },
        ...some(random, 0.5, {
          ordersId: { ...changed, type: 'id', target: 'kobject.order', multi: true, displayName: 'Orders' },
          secretStr: { type: 'string', hasSensitiveAttributes: true, deletedAt: null, rank: rawSlot('rev') },
        }),
      },
      createdAt: slot('createdAt'),
      updatedAt: slot('updatedAt'),
    },
    relationships: { org: ORG },
  };
}

/** How a stream marks what is deleted (docs/kustomer-api.md#deletion-marks): a flag, a date, or both. */
const WITHOUT_DELETED_FLAG: ReadonlySet<Stream> = new Set<Stream>(['users']);
const DELETED_AT: ReadonlySet<Stream> = new Set<Stream>(['notes', 'tags', 'teams', 'users']);

export function shapeOf(
  stream: Stream,
  klass: string | undefined,
  klasses: readonly string[],
  random: Random,
  deleted: boolean,
): Shape {
  const shape = SHAPES[stream](random, klass, klasses);
  if (deleted && !WITHOUT_DELETED_FLAG.has(stream)) shape.attributes.deleted = true;
  if (deleted && DELETED_AT.has(stream)) {
    shape.attributes.deletedAt = slot('updatedAt');
    shape.relationships.deletedBy = to('user', slot('userId'));
  }
  return shape;
}

type Draw = (random: Random, klass: string | undefined, klasses: readonly string[]) => Shape;

const SHAPES: Readonly<Record<Stream, Draw>> = {
  conversations: conversation,
  customers: (random, _, klasses) => customer(random, klasses),
  kobjects: (random, klass) => kobject(random, klass ?? 'order'),
  messages: message,
  notes: note,
  shortcuts: shortcut,
  tags: tag,
  teams: team,
  users: user,
  companies: company,
  work_sessions: workSession,
  work_items: workItem,
  conversation_times: conversationTime,
  queues: queue,
  brands: brand,
  slas: serviceLevel,
  business_schedules: businessSchedule,
  klasses: klassDefinition,
  custom_attributes: metadata,
};

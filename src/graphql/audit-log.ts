import { encodeGlobalID } from '@pothos/plugin-relay';
import { type AuditEntry as AuditEntryShape, readAuditLog } from '../audit/read-audit-log.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { toPageInfo } from './page-info.ts';
import { pricedPage } from './price.ts';
import { tagged } from './tags.ts';

const AuditActor = builder.objectRef<AuditEntryShape>('AuditActor').implement({
  description: 'Who did something, and by what credential.',
  fields: (t) => ({
    subject: t.exposeString('subject', { description: 'The subject of the token or of the API key.' }),
    apiKeyId: t.id({
      nullable: true,
      description: 'The API key that was shown, as `ApiKey.id`. Null: it was a token.',
      resolve: ({ keyId }) => keyId && encodeGlobalID('ApiKey', keyId),
    }),
    tokenId: t.exposeString('tokenId', {
      nullable: true,
      description: 'The `jti` of the token that was shown. Null: it had none, or it was an API key.',
    }),
    isOperator: t.exposeBoolean('byOperator', {
      description: 'Whether it was an operator of the gateway, who need not be of this tenant.',
    }),
  }),
});

const AuditEntry = builder.objectRef<AuditEntryShape>('AuditEntry').implement({
  description: 'A mutation that changed something, written in the same transaction as the change.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => encodeGlobalID('AuditEntry', id) }),
    at: t.expose('at', { type: 'DateTime', description: 'When its transaction began.' }),
    action: t.exposeString('action', { description: 'The mutation by its name, such as `deleteDocuments`.' }),
    actor: t.field({ type: AuditActor, description: 'Who did it.', resolve: (entry) => entry }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: "The request, as the answer's header `x-request-id` and the log of the gateway name it.",
    }),
    targetKind: t.exposeString('targetKind', {
      description: 'What it was done to: `document`, `collection`, `apiKey`, `token`, `tenant`, `deadLetter`.',
    }),
    targetIds: t.idList({
      description:
        'Ids of what it was done to, the first 200: global ids of documents, API keys and dead letters, names of the rest.',
      resolve: ({ targetKind, targetIds }) => targetIds.map((id) => targetId(targetKind, id)),
    }),
    targetCount: t.exposeInt('targetCount', { description: 'How many there were.' }),
    details: t.expose('details', {
      type: 'JSONObject',
      description: 'Names, numbers and settings. No text of a document, and no secret.',
    }),
  }),
});

const globalTypes: Readonly<Record<string, string>> = {
  document: 'Document',
  apiKey: 'ApiKey',
  deadLetter: 'DeadLetter',
};

function targetId(kind: string, id: string): string {
  const type = globalTypes[kind];
  return type === undefined ? id : encodeGlobalID(type, id);
}

const AuditFilterInput = builder.inputType('AuditFilter', {
  description: 'Which entries; those that meet all of it.',
  fields: (t) => ({
    action: t.string({ description: 'A mutation by its name, such as `createApiKey`.' }),
    actor: t.string({ description: 'The subject that did it.' }),
    since: t.field({ type: 'DateTime', description: 'From this moment on.' }),
    until: t.field({ type: 'DateTime', description: 'Before this moment.' }),
  }),
});

const AuditLogConnection = builder.connectionObject(
  { type: AuditEntry, name: 'AuditLogConnection', description: 'A page of the audit log, newest first.' },
  { name: 'AuditLogEdge', description: 'An entry of the audit log, and its place in it.' },
);

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditLogConnection,
    description: 'Who changed what in this tenant, newest first.',
    authScopes: { token: 'tenant:admin' },
    extensions: { ...pricedPage(5), ...tagged('admin') },
    args: {
      filter: t.arg({ type: AuditFilterInput, description: 'Which entries; all without it.' }),
      first: t.arg.int({ description: 'Page size, 1 to 100; 10 without it.' }),
      after: t.arg.string({ description: '`endCursor` of the page before.' }),
    },
    resolve: async (_root, { filter, first, after }, { deps, principal }) => {
      const { action, actor, since, until } = filter ?? {};
      const wanted = {
        ...(action != null && { action }),
        ...(actor != null && { actor }),
        ...(since != null && { since }),
        ...(until != null && { until }),
      };
      const { items, hasNextPage } = await readAuditLog(deps, requirePrincipal(principal), {
        filter: wanted,
        first,
        after,
      });
      return {
        edges: items.map((entry) => ({ cursor: entry.cursor, node: entry })),
        pageInfo: toPageInfo(items, hasNextPage),
      };
    },
  }),
);

import { setTimeout as wait } from 'node:timers/promises';
import type { TenantId } from '../../ids.ts';
import type { CommandContext } from '../command.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { type Failure, GatewayError, successOf } from '../graphql-request.ts';
import { interruption } from '../interruption.ts';
import { type Deletion, formatDeletion, formatTenants, type ListedTenant } from './tenant-table.ts';

export interface OperateOptions {
  readonly verb: 'list' | 'create' | 'suspend' | 'resume' | 'rename' | 'delete' | 'receipt';
  /** Absent for `list` alone. */
  readonly tenantId: TenantId | undefined;
  readonly name: string | undefined;
  readonly status: string | undefined;
  readonly wait: boolean;
}

/** Does one thing with tenants as an operator, through a gateway, and prints what came of it. */
export async function operate(context: CommandContext, client: GatewayClient, options: OperateOptions): Promise<void> {
  const { verb, tenantId: id, name } = options;
  switch (verb) {
    case 'list':
      for (const line of formatTenants(await listAll(client, options.status))) context.print(line);
      return;
    case 'create':
      return context.print(`${await change(client, 'createTenant', { id, name: name ?? '' })} is created.`);
    case 'suspend':
      return context.print(`${await change(client, 'suspendTenant', { id })} is suspended.`);
    case 'resume':
      return context.print(`${await change(client, 'resumeTenant', { id })} is active.`);
    case 'rename':
      return context.print(`${await change(client, 'renameTenant', { id, name })} is renamed.`);
    case 'delete': {
      const deletion = await requestDeletion(client, id);
      const reached = options.wait ? await awaitDeletion(context, client, deletion) : deletion;
      for (const line of formatDeletion(reached)) context.print(line);
      return;
    }
    case 'receipt': {
      const [latest] = await readDeletions(client, id);
      if (!latest) throw new GatewayError(`No tenant ${id} was ever deleted here.`);
      for (const line of formatDeletion(latest)) context.print(line);
    }
  }
}

const pageSize = 100;

async function listAll(client: GatewayClient, status: string | undefined): Promise<ListedTenant[]> {
  const tenants: ListedTenant[] = [];
  let after: string | undefined;
  do {
    const { tenants: page } = await client.request<{
      tenants: { edges: { node: ListedTenant }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
    }>(
      `query($status: TenantStatus, $first: Int, $after: String) { tenants(status: $status, first: $first, after: $after) {
        edges { node { id name status tier sizes { documents chunks embeddings estimatedBytes } } }
        pageInfo { hasNextPage endCursor } } }`,
      { status, first: pageSize, after },
    );
    tenants.push(...page.edges.map(({ node }) => node));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
  } while (after !== undefined);
  return tenants;
}

/** Sends one of the mutations whose successful answer is the tenant. Returns its id. */
async function change(client: GatewayClient, field: string, variables: Record<string, unknown>): Promise<string> {
  const named = 'name' in variables;
  const outcome = await client.request<Record<string, { id: string } | Failure>>(
    `mutation($id: String!${named ? ', $name: String!' : ''}) { ${field}(id: $id${named ? ', name: $name' : ''}) {
      ... on ManagedTenant { id } ... on Error { code message } } }`,
    variables,
  );
  return successOf<{ id: string }>(outcome[field] as { id: string } | Failure).id;
}

const deletionFields =
  'id tenantId status requestedAt startedAt finishedAt indexesToDrop detachedTables keptRevocations keptRevocationsUntil tables { table erasedRows remainingRows }';

async function requestDeletion(client: GatewayClient, id: TenantId | undefined): Promise<Deletion> {
  const { deleteTenant } = await client.request<{ deleteTenant: Deletion | Failure }>(
    `mutation($id: String!) { deleteTenant(id: $id) { ... on TenantDeletion { ${deletionFields} } ... on Error { code message } } }`,
    { id },
  );
  return successOf<Deletion>(deleteTenant);
}

async function readDeletions(client: GatewayClient, tenantId: TenantId | undefined): Promise<Deletion[]> {
  const { tenantDeletions } = await client.request<{ tenantDeletions: Deletion[] }>(
    `query($tenantId: String!) { tenantDeletions(tenantId: $tenantId) { ${deletionFields} } }`,
    { tenantId },
  );
  return tenantDeletions;
}

const pollMs = 500;

async function awaitDeletion(context: CommandContext, client: GatewayClient, requested: Deletion): Promise<Deletion> {
  const { signal } = context;
  let deletion = requested;
  let said = '';
  while (deletion.status !== 'FINISHED') {
    const [line = ''] = formatDeletion(deletion);
    if (line !== said) context.note(line);
    said = line;
    await wait(pollMs, undefined, { signal }).catch(() => {});
    if (signal.aborted)
      throw interruption(signal, 'Stopped waiting; the deletion goes on, and "tessera tenant receipt" shows it.');
    const { tenantDeletion } = await client.request<{ tenantDeletion: Deletion }>(
      `query($id: ID!) { tenantDeletion(id: $id) { ${deletionFields} } }`,
      { id: deletion.id },
    );
    deletion = tenantDeletion;
  }
  return deletion;
}

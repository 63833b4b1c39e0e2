import type { ApiKeyId, TenantId } from '../ids.ts';

/** Who calls: made from a verified token or API key and from nothing else. */
export interface Principal {
  readonly tenantId: TenantId;
  /** The token's subject, 1 to 256 characters. */
  readonly subject: string;
  /** Groups of the subject, at most 256, used by document access lists. */
  readonly groups: readonly string[];
  /** What the token may do, such as `documents:write`. */
  readonly scopes: readonly string[];
  /** The token's `jti`, by which it can be revoked, where it has one. */
  readonly tokenId?: string;
  /** The API key that was shown in place of a token. */
  readonly keyId?: ApiKeyId;
  /** The request in hand, where there is one: what it writes is put down under this id. */
  readonly requestId?: string;
}

import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { NewJobItem } from '../../../base/queue/job-queue.ts'

/** Kind of the items that list a namespace. */
export const LIST_NAMESPACE = 'mirror.list_namespace'
/** Kind of the items that choose what is brought of one provider. */
export const RESOLVE_MIRROR = 'mirror.resolve'

/** Input of {@link LIST_NAMESPACE}. */
export interface ListNamespaceInput {
  readonly mirrorId: string
  readonly hostname: string
  readonly namespace: string
}

/** Input of {@link RESOLVE_MIRROR}. */
export interface ResolveMirrorInput extends ProviderAddress {
  readonly mirrorId: string
  /** The only one that is asked for. */
  readonly version?: string
}

/** The item that asks for the versions of one provider. */
export function resolveItem(mirrorId: string, address: ProviderAddress, version: string | undefined): NewJobItem {
  const { hostname, namespace, type } = address
  const input: ResolveMirrorInput = { mirrorId, hostname, namespace, type, ...(version !== undefined && { version }) }
  return { kind: RESOLVE_MIRROR, key: `resolve ${hostname}/${namespace}/${type}`, input }
}

import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { type DefinedProvider, parseDefinition } from '../definitions/index.ts'
import type { MirrorDeps } from './mirror-deps.ts'
import { RESOLVE_PROVIDER, type ResolveProviderInput } from './resolve-provider.job.ts'

export interface LoadDefinition {
  readonly by: Origin
  /** HCL; its size was bounded by the route. */
  readonly text: string
  /** For messages. */
  readonly filename: string
}

/**
 * Turns a definition file into a job with one item per provider; those list the upstream's versions and add one item per
 * package. Nothing is asked of an upstream before the job runs.
 *
 * @returns the job's id.
 * @throws {RegistryError} INVALID_DEFINITION with every problem of the file, UPSTREAMS_SEALED.
 */
export async function loadDefinition(deps: MirrorDeps, { by, text, filename }: LoadDefinition): Promise<string> {
  const { providers } = await parseDefinition(text, filename)
  for (const { address } of providers) deps.outbound.requireOpen(address.hostname)
  return deps.database.db.transaction().execute(async (tx) => {
    const jobId = await deps.queue.createJob(tx, {
      kind: 'provider.load_definition',
      title: `Load ${filename}: ${providers.map(({ address }) => formatProviderAddress(address)).join(', ')}`.slice(0, 300),
      createdBy: by.actor.name,
      items: providers.map((provider) => ({
        kind: RESOLVE_PROVIDER,
        key: `resolve ${formatProviderAddress(provider.address)}`,
        input: resolveInput(provider),
      })),
    })
    await recordAudit(tx, {
      origin: by,
      at: deps.clock.now(),
      action: 'job.create',
      object: jobId,
      outcome: 'allowed',
      details: { kind: 'provider.load_definition', filename },
    })
    return jobId
  })
}

function resolveInput({ address, versions, platforms }: DefinedProvider): ResolveProviderInput {
  return {
    ...address,
    versions: versions.map(({ text, exact }) => exact ?? text),
    platforms: platforms === 'all' ? 'all' : platforms.map(formatPlatform),
  }
}

import type { Database } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type MirrorPolicy, refusedByPolicy } from '../../mirror-policies/index.ts'
import { listHeldVersions } from '../held/held-module-queries.ts'
import { policySubject } from '../module-policy.ts'
import { type CarriedModule, nameOfCarried } from './carried-module.ts'

/** What deciding about a carried module needs. */
export interface PlanCarriedDeps {
  readonly database: Pick<Database, 'db'>
  readonly policy: Pick<MirrorPolicy, 'decide'>
}

/**
 * Compares a version that is carried here with what is held: `keep` when the same content is here. Changes nothing.
 * @throws {RegistryError} MODULE_VERSION_EXISTS for other content under its name; POLICY_REFUSED, also for a namespace that is claimed here
 */
export async function planCarriedModule({ database, policy }: PlanCarriedDeps, carried: CarriedModule): Promise<'add' | 'keep'> {
  const { identity, contentSha256 } = carried
  const rows = await listHeldVersions(database.db, identity.module)
  const held = rows.find(({ version }) => version === identity.version)
  if (held !== undefined && held.contentSha256 !== contentSha256) throw otherContent(carried, held.contentSha256)
  if (held?.damagedAt === null) return 'keep'
  const subject = policySubject(identity)
  const decision = await policy.decide(subject)
  // A cool-down is about what an upstream has just listed; whoever carries files here has had them for a while.
  if (!decision.allowed && decision.decision !== 'held') throw refusedByPolicy('import module', subject, decision)
  return 'add'
}

function otherContent(carried: CarriedModule, held: string): RegistryError {
  return new RegistryError('MODULE_VERSION_EXISTS', `Cannot import "${nameOfCarried(carried)}": other content is held under this name`, {
    hint: 'What is held stays in service; find out where the other content is from before you trust anything of the same origin',
    detail: { expected: `sha256:${held}`, found: `sha256:${carried.contentSha256}` },
  })
}

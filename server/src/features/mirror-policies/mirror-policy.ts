import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { createRevisionCache } from '../../base/catalog/revision-cache.ts'
import { findNamespace } from '../namespaces/index.ts'
import { listApproved } from './approvals/approval-queries.ts'
import { decidePolicy } from './decide/decide-policy.ts'
import { matchesRule } from './decide/match-rule.ts'
import type { ApprovedRequest, PolicyDecision, PolicyFacts, PolicyRule, PolicySubject } from './decide/policy-types.ts'
import type { MirrorPolicyDeps, PolicyDecisionDeps } from './mirror-policy-deps.ts'
import { listMirrorPolicies } from './rules/policy-queries.ts'
import { readRules } from './rules/read-rules.ts'
import type { SeenVersion } from './seen/seen-version-queries.ts'
import { createSeenVersions } from './seen/seen-versions.ts'
import { createVersionAges, JOB_EFFORT, ON_DEMAND_EFFORT } from './seen/version-ages.ts'

/** Where versions come in; see the fields of `PolicySubject`. */
export type PolicyContext = Pick<PolicySubject, 'organizationId' | 'onDemand' | 'kind'>

/** Decides which providers of upstreams may come in, by the rules and approvals of this moment. */
export interface MirrorPolicy {
  /**
   * About one version, or without one whether the upstream may be asked about the provider at all. Changes nothing: a version that
   * was never listed here counts as new.
   */
  decide(subject: PolicySubject): Promise<PolicyDecision>
  /**
   * About every version that an upstream lists, by canonical version. The cool-down of versions that are listed for the first time
   * begins now, unless the upstream tells when they came out: it is asked about versions that would be held, and about no others.
   */
  decideVersions(
    address: ProviderAddress,
    versions: readonly string[],
    context?: PolicyContext,
  ): Promise<ReadonlyMap<string, PolicyDecision>>
  /** All rules, enabled or not, in the order in which they count; the same object for as long as neither rules nor approvals change. */
  rules(): Promise<readonly PolicyRule[]>
}

interface Snapshot {
  readonly rules: readonly PolicyRule[]
  readonly approved: readonly ApprovedRequest[]
}

/** Reads rules and approvals once per catalog revision, so a change acts with the next question on every replica. */
export function createMirrorPolicy(deps: PolicyDecisionDeps): MirrorPolicy {
  const snapshots = createRevisionCache<Snapshot>(deps)
  const claims = createRevisionCache<object>(deps)
  const seenVersions = createSeenVersions(deps)
  const ages = createVersionAges(deps)
  const { coolDownDays } = deps.config.mirror
  const readSnapshot = async (): Promise<Snapshot> =>
    (await snapshots.find('rules', () => loadSnapshot(deps))).found ?? { rules: [], approved: [] }
  const readFacts = async (namespace: string, approved: readonly ApprovedRequest[]): Promise<PolicyFacts> => ({
    now: deps.clock.now(),
    claimed: (await claims.find(namespace, () => findNamespace(deps.database.db, namespace))).found !== undefined,
    defaultHostname: deps.config.providers.defaultHostname,
    coolDownDays,
    approved,
  })
  return {
    async decide(subject) {
      const { rules, approved } = await readSnapshot()
      const facts = await readFacts(subject.namespace, approved)
      if (coolDownDays === 0 || subject.version === undefined) return decidePolicy(rules, subject, facts)
      const seen = (await seenVersions.read(subject)).get(subject.version)
      return decidePolicy(rules, { publishedAt: seen?.publishedAt ?? undefined, ...subject }, { ...facts, firstSeenAt: seen?.firstSeenAt })
    },
    async decideVersions({ hostname, namespace, type }, versions, context = {}) {
      const address = { hostname, namespace, type }
      const { rules, approved } = await readSnapshot()
      const facts = await readFacts(namespace, approved.filter(sameProvider(address)))
      const relevant = rules.filter((rule) => matchesRule({ ...rule, version: undefined }, { ...context, ...address }))
      const decideAll = (seen: ReadonlyMap<string, SeenVersion> | undefined) =>
        new Map(
          versions.map((version) => {
            const { firstSeenAt, publishedAt } = seen?.get(version) ?? {}
            const subject = { ...context, ...address, version, publishedAt: publishedAt ?? undefined }
            return [version, decidePolicy(relevant, subject, { ...facts, firstSeenAt })]
          }),
        )
      if (coolDownDays === 0 || context.kind === 'module') return decideAll(undefined)
      const seen = await seenVersions.remember(address, versions)
      const decisions = decideAll(seen)
      const ageless = versions.filter((version) => decisions.get(version)?.decision === 'held' && seen.get(version)?.publishedAt === null)
      if (ageless.length === 0) return decisions
      await ages.learn(address, ageless, context.onDemand ? ON_DEMAND_EFFORT : JOB_EFFORT)
      return decideAll(await seenVersions.read(address))
    },
    async rules() {
      return (await readSnapshot()).rules
    },
  }
}

async function loadSnapshot({ database }: MirrorPolicyDeps): Promise<Snapshot> {
  const [rows, approved] = await Promise.all([listMirrorPolicies(database.db), listApproved(database.db)])
  return { rules: readRules(rows), approved }
}

function sameProvider(address: ProviderAddress): (request: ApprovedRequest) => boolean {
  return ({ hostname, namespace, type }) => hostname === address.hostname && namespace === address.namespace && type === address.type
}

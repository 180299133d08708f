import { matchesConstraints } from '@terrace/protocol/constraints.ts'
import { parseVersion, type Version } from '@terrace/protocol/versions.ts'
import { fitsPattern } from '../../../base/fits-pattern.ts'
import type { PolicyRule, PolicySubject } from './policy-types.ts'

/** One condition of a rule against the subject. */
export interface RuleCheck {
  readonly field: 'enabled' | 'organization' | 'upstream' | 'namespace' | 'type' | 'version'
  /** As the rule has it. */
  readonly expected: string
  /** As the subject has it; `undefined`: it does not say. */
  readonly found: string | undefined
  readonly matched: boolean
}

/** Compares everything that a rule says, also after the first difference, so that all of them are seen at once. */
export function checkRule(rule: PolicyRule, subject: PolicySubject): RuleCheck[] {
  const { hostname, namespace, type, organizationId, version } = subject
  const pattern = (field: RuleCheck['field'], expected: string, found: string): RuleCheck => ({
    field,
    expected,
    found,
    matched: fitsPattern(expected, found),
  })
  return [
    { field: 'enabled', expected: 'true', found: String(rule.enabled), matched: rule.enabled },
    ...(rule.organizationId === null ? [] : [ofOrganization(rule.organizationId, organizationId)]),
    pattern('upstream', rule.upstream, hostname),
    pattern('namespace', rule.namespace, namespace),
    pattern('type', rule.type, type),
    ...(rule.version === undefined
      ? []
      : [{ field: 'version' as const, expected: rule.version.text, found: version, matched: matchesVersion(rule, version) }]),
  ]
}

/** Whether the rule says something about the subject. */
export function matchesRule(rule: PolicyRule, subject: PolicySubject): boolean {
  return checkRule(rule, subject).every(({ matched }) => matched)
}

function ofOrganization(expected: string, found: string | undefined): RuleCheck {
  return { field: 'organization', expected, found, matched: expected === found }
}

/**
 * Restrictions are read widely and permissions narrowly: a pre-release or a build of a version that a rule denies is denied too, while
 * a rule that allows means exactly what the same constraint means in Terraform. Without a version, a rule that allows some versions
 * allows to ask; one that restricts some does not forbid it.
 */
function matchesVersion({ effect, version: wanted }: PolicyRule, text: string | undefined): boolean {
  if (wanted === undefined) return true
  if (text === undefined) return effect !== 'deny'
  const version = parseVersion(text)
  if (version === undefined) return effect !== 'allow'
  const readings: Version[] =
    effect === 'allow' ? [version] : [version, { ...version, build: [] }, { ...version, prerelease: [], build: [] }]
  return readings.some((reading) => matchesConstraints(reading, wanted.constraints))
}

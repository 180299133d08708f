import { ConstraintError, parseConstraints } from '@terrace/protocol/constraints.ts'
import { RegistryError } from '../../../base/errors.ts'
import { orderRules } from '../decide/decide-policy.ts'
import type { PolicyEffect, PolicyRule } from '../decide/policy-types.ts'
import type { MirrorPolicyRow } from './policy-queries.ts'

/** Rows → rules, in the order in which they count. */
export function readRules(rows: readonly MirrorPolicyRow[]): PolicyRule[] {
  return orderRules(rows.map(readRule))
}

function readRule({ disabledAt, version, effect, createdAt, createdBy, organization, ...row }: MirrorPolicyRow): PolicyRule {
  return {
    ...row,
    effect: effect as PolicyEffect,
    version: version === null ? undefined : { text: version, constraints: parseConstraints(version) },
    enabled: disabledAt === null,
  }
}

/** @throws {RegistryError} RULE_BROKEN when the text is no version constraint. */
export function requireConstraint(text: string): void {
  try {
    parseConstraints(text)
  } catch (error) {
    throw error instanceof ConstraintError ? badConstraint(text, error) : error
  }
}

function badConstraint(text: string, error: ConstraintError): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot use version constraint "${text}": ${error.reason}`, {
    hint: 'Write it as in Terraform: ">= 1.2, < 2.0"; leave it out for every version',
    cause: error,
  })
}

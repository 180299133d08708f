import { parseConstraints } from '@terrace/protocol/constraints.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decidePolicy, orderRules } from './decide-policy.ts'
import type { ApprovedRequest, PolicyEffect, PolicyFacts, PolicyRule, PolicySubject } from './policy-types.ts'

const DAY = 24 * 60 * 60 * 1000
const NOW = Date.parse('2026-03-01T12:00:00Z')
const WIDGET = { hostname: 'registry.example.com', namespace: 'acme', type: 'widget' }
const FACTS: PolicyFacts = { now: NOW, claimed: false, defaultHostname: '', coolDownDays: 0, approved: [] }

function rule(fields: Partial<Omit<PolicyRule, 'version'>> & { readonly version?: string } = {}): PolicyRule {
  const { version, ...rest } = fields
  return {
    id: fields.name ?? 'rule',
    name: 'rule',
    priority: 0,
    effect: 'allow',
    upstream: '*',
    namespace: '*',
    type: '*',
    organizationId: null,
    reason: '',
    enabled: true,
    ...rest,
    version: version === undefined ? undefined : { text: version, constraints: parseConstraints(version) },
  }
}

const decide = (rules: readonly PolicyRule[], subject: Partial<PolicySubject> = {}, facts: Partial<PolicyFacts> = {}) =>
  decidePolicy(rules, { ...WIDGET, version: '1.0.0', ...subject }, { ...FACTS, ...facts })

const effects = fc.constantFrom<PolicyEffect>('allow', 'deny', 'require_approval')
const someRules = fc
  .array(
    fc.record({
      priority: fc.integer({ min: -3, max: 3 }),
      effect: effects,
      upstream: fc.constantFrom('*', 'registry.example.com', 'other.example.com'),
      namespace: fc.constantFrom('*', 'ac*', 'acme', 'other'),
      enabled: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  .map((fields) => fields.map((field, index) => rule({ ...field, name: `rule ${index}` })))

const isAbout = ({ enabled, upstream, namespace }: PolicyRule) =>
  enabled && upstream !== 'other.example.com' && ['*', 'ac*', 'acme'].includes(namespace)

describe('rules', () => {
  test('the highest priority that matches decides, of equal ones the strictest', () => {
    fc.assert(
      fc.property(someRules, (rules) => {
        const about = rules.filter(isAbout)
        const highest = about.filter(({ priority }) => priority === Math.max(...about.map((one) => one.priority)))
        const has = (effect: PolicyEffect) => highest.some((one) => one.effect === effect)
        const { decision } = decide(rules)
        if (highest.length === 0 || has('deny')) expect(decision).toBe('denied')
        else expect(decision).toBe(has('require_approval') ? 'needs_approval' : 'allowed')
      }),
    )
  })

  test('the order in which rules are given makes no difference', () => {
    fc.assert(
      fc.property(
        someRules.chain((rules) => fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length }))),
        ([rules, shuffled]) => {
          expect(decide(shuffled)).toEqual(decide(rules))
          expect(orderRules(shuffled)).toEqual(orderRules(rules))
        },
      ),
    )
  })

  test('a rule below the one that decides changes nothing', () => {
    fc.assert(
      fc.property(someRules, effects, (rules, effect) => {
        fc.pre(rules.some(isAbout))
        expect(decide([...rules, rule({ name: 'lowest', priority: -9, effect })])).toEqual(decide(rules))
      }),
    )
  })

  test('what no rule matches is denied', () => {
    expect(decide([rule({ namespace: 'other' })])).toMatchObject({ decision: 'denied', allowed: false, rule: undefined })
  })

  test('the decision names the rule, its priority and its reason', () => {
    const { why, rule: decided } = decide([rule({ name: 'No widgets', priority: 7, effect: 'deny', type: 'wid*', reason: 'They rust' })])
    expect(decided).toMatchObject({ name: 'No widgets', priority: 7, effect: 'deny' })
    expect(why).toEqual(['Rule "No widgets" (priority 7) matches first and denies it: They rust'])
  })

  test('the rule of an organisation counts for its mirrors only', () => {
    const rules = [rule(), rule({ name: 'theirs', priority: 1, effect: 'deny', organizationId: 'org-1' })]
    expect([undefined, 'org-1', 'org-2'].map((organizationId) => decide(rules, { organizationId }).decision)).toEqual([
      'allowed',
      'denied',
      'allowed',
    ])
  })
})

describe('versions', () => {
  const denied = [rule(), rule({ priority: 1, effect: 'deny', version: '>= 2.0' })]

  test.each([
    ['1.9.9', 'allowed'],
    ['2.0.0', 'denied'],
    ['2.1.0-rc.1', 'denied'],
    ['2.1.0+build.7', 'denied'],
  ])('a rule that denies ">= 2.0" makes %s %s', (version, decision) => {
    expect(decide(denied, { version }).decision).toBe(decision)
  })

  test.each([
    ['2.0.0', 'allowed'],
    ['2.1.0-rc.1', 'denied'],
    ['1.9.9', 'denied'],
  ])('when only a rule allows ">= 2.0", %s is %s', (version, decision) => {
    expect(decide([rule({ version: '>= 2.0' })], { version }).decision).toBe(decision)
  })

  test('the upstream may be asked for a provider of which some versions may come in, and not when none may', () => {
    expect(decide(denied, { version: undefined }).decision).toBe('allowed')
    expect(decide([rule({ version: '>= 2.0' })], { version: undefined }).decision).toBe('allowed')
    expect(decide([rule(), rule({ priority: 1, effect: 'deny' })], { version: undefined }).decision).toBe('denied')
  })
})

describe('approvals', () => {
  const rules = [rule({ effect: 'require_approval' })]
  const approval = (fields: Partial<ApprovedRequest> = {}): ApprovedRequest => ({ ...WIDGET, kind: 'approval', version: null, ...fields })

  test.each([
    ['nothing', [], 'needs_approval'],
    ['the provider', [approval()], 'allowed'],
    ['the version', [approval({ version: '1.0.0' })], 'allowed'],
    ['another version', [approval({ version: '1.0.1' })], 'needs_approval'],
    ['another provider', [approval({ type: 'gadget' })], 'needs_approval'],
    ['the end of the cool-down', [approval({ kind: 'cool_down' })], 'needs_approval'],
  ] as const)('with %s approved', (_what, approved, decision) => {
    expect(decide(rules, {}, { approved }).decision).toBe(decision)
  })

  test('an approval does not help against a rule that denies', () => {
    expect(decide([...rules, rule({ priority: 1, effect: 'deny' })], {}, { approved: [approval()] }).decision).toBe('denied')
  })
})

// reliability.md row 46.
describe('the cool-down', () => {
  const held = (subject: Partial<PolicySubject>, facts: Partial<PolicyFacts> = {}) =>
    decide([rule()], subject, { coolDownDays: 7, ...facts }).decision

  test.each([
    ['seven days old', NOW - 7 * DAY, 'allowed'],
    ['a moment younger', NOW - 7 * DAY + 1, 'held'],
    ['from the future', NOW + 100 * DAY, 'held'],
    ['of unknown age', undefined, 'held'],
  ])('a version that is %s', (_what, publishedAt, decision) => {
    expect(held({ publishedAt })).toBe(decision)
  })

  test('counts from when the version was first listed, when the upstream says nothing or something later', () => {
    expect(held({}, { firstSeenAt: NOW - 8 * DAY })).toBe('allowed')
    expect(held({ publishedAt: NOW + 100 * DAY }, { firstSeenAt: NOW - 8 * DAY })).toBe('allowed')
    expect(held({}, { firstSeenAt: NOW - 6 * DAY })).toBe('held')
  })

  test('says until when', () => {
    const decision = decide([rule()], { publishedAt: NOW - DAY }, { coolDownDays: 7 })
    expect(decision.heldUntil).toBe(NOW + 6 * DAY)
    expect(decision.why.at(-1)).toBe('It is held until 2026-03-07T12:00:00.000Z (cool-down of 7 days)')
  })

  test('may be overridden', () => {
    expect(held({}, { approved: [{ ...WIDGET, kind: 'cool_down', version: '1.0.0' }] })).toBe('allowed')
    expect(held({}, { approved: [{ ...WIDGET, kind: 'cool_down', version: '1.0.1' }] })).toBe('held')
  })

  test('does not keep from asking the upstream', () => {
    expect(held({ version: undefined })).toBe('allowed')
  })
})

// requirements.md C10; reliability.md row 45.
describe('a namespace that is claimed here', () => {
  const byName = rule({ name: 'the other acme', upstream: 'registry.example.com', namespace: 'acme', priority: -5 })
  const claimed = (rules: readonly PolicyRule[], subject: Partial<PolicySubject> = {}, defaultHostname = '') =>
    decide(rules, subject, { claimed: true, defaultHostname })

  test('is denied whatever patterns allow', () => {
    expect(claimed([rule({ priority: 100 }), rule({ priority: 99, upstream: 'registry.*', namespace: 'acme' })])).toMatchObject({
      decision: 'denied',
      rule: undefined,
    })
  })

  test('may come from an upstream that a rule allows by name', () => {
    expect(claimed([rule(), byName]).decision).toBe('allowed')
    expect(claimed([rule({ effect: 'deny' }), byName]).decision).toBe('denied')
    expect(claimed([rule(), { ...byName, enabled: false }]).decision).toBe('denied')
    expect(claimed([rule(), byName], { hostname: 'other.example.com' }).decision).toBe('denied')
  })

  test('never comes on demand, nor from the host of addresses without one', () => {
    expect(claimed([rule(), byName], { onDemand: true }).decision).toBe('denied')
    expect(claimed([rule(), byName], {}, 'registry.example.com').decision).toBe('denied')
  })
})

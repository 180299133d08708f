import { describe, expect, test } from 'vitest'
import { emptyPart, type ModuleAnalysis, type ModuleInput, type ModuleOutput, type ModulePart } from '../module-analysis.ts'
import { diffModules } from './diff-modules.ts'
import type { DiffSection, ModuleDiff } from './module-diff.ts'

function moduleOf(root: Partial<ModulePart>, submodules: ModulePart[] = []): ModuleAnalysis {
  return { root: { ...emptyPart(''), ...root }, submodules, examples: [], problems: [] }
}

function input(change: Partial<ModuleInput> = {}): ModuleInput {
  const bare = { name: 'x', type: 'string', description: '', sensitive: false, nullable: true, ephemeral: false, validation: [] }
  return { ...bare, default: null, required: change.default === undefined || change.default === null, ...change }
}

function output(change: Partial<ModuleOutput> = {}): ModuleOutput {
  return { name: 'x', description: '', sensitive: false, ephemeral: false, ...change }
}

/** One line for each change: what golden tables are made of. */
function lines(section: DiffSection): string[] {
  const line = (mark: string) => (change: DiffSection['added'][number]) =>
    `${mark}${change.breaking ? '!' : ' '}${change.name}${change.aspect === undefined ? '' : ` ${change.aspect}`} ${change.from}>${change.to} (${change.why})`
  return [...section.added.map(line('+')), ...section.removed.map(line('-')), ...section.changed.map(line('~'))]
}

type SectionName = Exclude<keyof ModuleDiff, 'breaking' | 'submodules'>

function diffRoots(name: SectionName, from: Partial<ModulePart>, to: Partial<ModulePart>): string[] {
  const diff = diffModules(moduleOf(from), moduleOf(to))
  const others = (['inputs', 'outputs', 'providers', 'resources', 'module_calls'] as const).filter((other) => other !== name)
  expect(others.flatMap((other) => lines(diff[other]))).toEqual([])
  expect(diff.breaking).toBe(lines(diff[name]).some((text) => text.charAt(1) === '!'))
  return lines(diff[name])
}

describe('inputs', () => {
  test.each<[string, ModuleInput[], ModuleInput[], string[]]>([
    ['nothing changed', [input()], [input()], []],
    ['a new one with a default', [], [input({ default: '1' })], ['+ x null>string (it is new and has a default)']],
    ['a new required one', [], [input()], ['+!x null>string (callers must set it)']],
    ['one is gone', [input()], [], ['-!x string>null (callers that set it fail)']],
    ['narrowed', [input({ type: 'any' })], [input()], ['~!x type any>string (it took any type and now only string)']],
    ['widened', [input()], [input({ type: 'any' })], ['~ x type string>any (it takes all that it took before)']],
    ['written in another way', [input({ type: 'list' })], [input({ type: 'list(any)' })], []],
    [
      'lost its default',
      [input({ default: 'null' })],
      [input()],
      ['~!x default null>null (it has no default any more, callers must set it)'],
    ],
    ['got a default', [input()], [input({ default: '1' })], ['~ x default null>1 (callers that do not set it get another value)']],
    [
      'another default',
      [input({ default: '1' })],
      [input({ default: '2' })],
      ['~ x default 1>2 (callers that do not set it get another value)'],
    ],
    ['not nullable', [input()], [input({ nullable: false })], ['~!x nullable true>false (null is not accepted any more)']],
    ['nullable', [input({ nullable: false })], [input()], ['~ x nullable false>true (null is accepted)']],
    ['sensitive', [input()], [input({ sensitive: true })], ['~ x sensitive false>true (the value is hidden in plans)']],
    ['not ephemeral', [input({ ephemeral: true })], [input()], ['~!x ephemeral true>false (ephemeral values are not accepted any more)']],
    ['described', [input()], [input({ description: 'X' })], ['~ x description >X (only the words changed)']],
    [
      'validated',
      [input()],
      [input({ validation: [{ condition: 'var.x != ""', error_message: '' }] })],
      ['~ x validation >var.x != "" (other values may be refused)'],
    ],
    [
      'several things at once',
      [input({ default: '1' })],
      [input({ type: 'number', nullable: false })],
      [
        '~!x type string>number (it was string and is number)',
        '~!x default 1>null (it has no default any more, callers must set it)',
        '~!x nullable true>false (null is not accepted any more)',
      ],
    ],
  ])('%s', (...[, from, to, expected]) => {
    expect(diffRoots('inputs', { inputs: from }, { inputs: to })).toEqual(expected)
  })
})

describe('outputs', () => {
  test.each<[string, ModuleOutput[], ModuleOutput[], string[]]>([
    ['a new one', [], [output()], ['+ x null> (it is new)']],
    ['one is gone', [output()], [], ['-!x >null (callers that use it fail)']],
    [
      'sensitive',
      [output()],
      [output({ sensitive: true })],
      ['~!x sensitive false>true (what callers make of it must be marked as sensitive too)'],
    ],
    ['not sensitive', [output({ sensitive: true })], [output()], ['~!x sensitive true>false (the value is not hidden any more)']],
    ['ephemeral', [output()], [output({ ephemeral: true })], ['~!x ephemeral false>true (callers cannot keep it any more)']],
    ['described', [output()], [output({ description: 'X' })], ['~ x description >X (only the words changed)']],
  ])('%s', (...[, from, to, expected]) => {
    expect(diffRoots('outputs', { outputs: from }, { outputs: to })).toEqual(expected)
  })
})

describe('providers', () => {
  const aws = (version: string, aliases: string[] = []) => ({
    required_providers: [{ name: 'aws', source: 'registry.terraform.io/hashicorp/aws', version, configuration_aliases: aliases }],
  })

  test.each<[string, Partial<ModulePart>, Partial<ModulePart>, string[]]>([
    ['a new one', {}, aws('~> 5.0'), ['+ aws null>registry.terraform.io/hashicorp/aws ~> 5.0 (it is new)']],
    [
      'a new one that callers configure',
      {},
      aws('', ['aws.b']),
      ['+!aws null>registry.terraform.io/hashicorp/aws (callers must pass aws.b)'],
    ],
    ['one is gone', aws(''), {}, ['- aws registry.terraform.io/hashicorp/aws>null (it is gone)']],
    ['another major', aws('>= 4.0'), aws('>= 5.0'), ['~!aws version >= 4.0>>= 5.0 (older versions are not enough any more)']],
    ['a newer minor', aws('>= 5.0'), aws('>= 5.1'), ['~ aws version >= 5.0>>= 5.1 (a newer version of the same major is needed)']],
    [
      'another configuration',
      aws('', ['aws.a']),
      aws('', ['aws.b']),
      ['~!aws configuration_aliases aws.a>aws.b (callers must pass aws.b)'],
    ],
    [
      'another source',
      aws(''),
      { required_providers: [{ name: 'aws', source: 'registry.terraform.io/acme/aws', version: '', configuration_aliases: [] }] },
      ['~!aws source registry.terraform.io/hashicorp/aws>registry.terraform.io/acme/aws (it is another provider)'],
    ],
    [
      'a newer Terraform',
      { required_version: '>= 1.0' },
      { required_version: '>= 1.3' },
      ['~!required_version version >= 1.0>>= 1.3 (older versions are not enough any more)'],
    ],
    ['any Terraform', { required_version: '>= 1.0' }, {}, ['~ required_version version >= 1.0> (all versions that fitted still fit)']],
  ])('%s', (...[, from, to, expected]) => {
    expect(diffRoots('providers', from, to)).toEqual(expected)
  })
})

describe('resources', () => {
  const vpc = (name: string) => ({ type: 'aws_vpc', name })
  const moved = (from: string, to: string) => ({ from, to })

  test.each<[string, Partial<ModulePart>, Partial<ModulePart>, string[]]>([
    ['a new one', {}, { resources: [vpc('a')] }, ['+ aws_vpc.a null> (it is new)']],
    ['one is gone', { resources: [vpc('a')] }, {}, ['-!aws_vpc.a >null (it will be destroyed)']],
    [
      'renamed',
      { resources: [vpc('a')] },
      { resources: [vpc('b')] },
      ['+ aws_vpc.b null> (it is new)', '-!aws_vpc.a >null (it will be destroyed)'],
    ],
    [
      'moved',
      { resources: [vpc('a')] },
      { resources: [vpc('b')], moved: [moved('aws_vpc.a', 'aws_vpc.b')] },
      ['~ aws_vpc.a address aws_vpc.a>aws_vpc.b (it is moved)'],
    ],
    [
      'moved twice',
      { resources: [vpc('a')] },
      { resources: [vpc('c')], moved: [moved('aws_vpc.a', 'aws_vpc.b'), moved('aws_vpc.b', 'aws_vpc.c')] },
      ['~ aws_vpc.a address aws_vpc.a>aws_vpc.c (it is moved)'],
    ],
    [
      'moved by instance into a module',
      { resources: [vpc('a')] },
      { moved: [moved('aws_vpc.a[0]', 'module.m["x]"].aws_vpc.this')] },
      ['~ aws_vpc.a address aws_vpc.a>module.m.aws_vpc.this (it is moved)'],
    ],
    [
      'moved in a circle',
      { resources: [vpc('a')] },
      { moved: [moved('aws_vpc.a', 'aws_vpc.b'), moved('aws_vpc.b', 'aws_vpc.a')] },
      ['~ aws_vpc.a address aws_vpc.a>aws_vpc.b (it is moved)'],
    ],
    ['a data source is gone', { data_sources: [vpc('a')] }, {}, ['- data.aws_vpc.a >null (it is not read any more)']],
  ])('%s', (...[, from, to, expected]) => {
    expect(diffRoots('resources', from, to)).toEqual(expected)
  })
})

test('a called module that is gone breaks, one that is moved or of another version does not', () => {
  const from = {
    module_calls: [
      { name: 'a', source: './a' },
      { name: 'b', source: './b' },
      { name: 'c', source: 'x/c/y', version: '1' },
    ],
  }
  const to = {
    module_calls: [
      { name: 'bb', source: './b' },
      { name: 'c', source: 'x/c/y', version: '2' },
    ],
    moved: [{ from: 'module.b', to: 'module.bb' }],
  }
  expect(diffRoots('module_calls', from, to)).toEqual([
    '-!module.a ./a>null (its resources will be destroyed)',
    '~ module.c version 1>2 (another version is called)',
    '~ module.b address module.b>module.bb (it is moved)',
  ])
})

describe('submodules', () => {
  const part = (path: string, change: Partial<ModulePart> = {}) => ({ ...emptyPart(path), ...change })

  test('that are gone break', () => {
    const diff = diffModules(moduleOf({}, [part('modules/a')]), moduleOf({}, [part('modules/b')]))
    expect(diff.submodules.removed).toMatchObject([{ name: 'modules/a', breaking: true }])
    expect(diff.submodules.added).toMatchObject([{ name: 'modules/b', breaking: false }])
    expect(diff.breaking).toBe(true)
  })

  test('that changed have a diff of their own, and break what breaks in it', () => {
    const from = moduleOf({}, [part('modules/a', { inputs: [input()] }), part('modules/b')])
    const to = moduleOf({}, [part('modules/a', { outputs: [output()] }), part('modules/b')])
    const { submodules, breaking } = diffModules(from, to)
    expect(submodules.changed).toMatchObject([
      { name: 'modules/a', breaking: true, why: '"x": callers that set it fail', diff: { inputs: { removed: [{ name: 'x' }] } } },
    ])
    expect(breaking).toBe(true)
  })

  test('that only grew do not break', () => {
    const { submodules, breaking } = diffModules(
      moduleOf({}, [part('modules/a')]),
      moduleOf({}, [part('modules/a', { outputs: [output()] })]),
    )
    expect(submodules.changed).toMatchObject([{ breaking: false, why: '1 change' }])
    expect(breaking).toBe(false)
  })
})

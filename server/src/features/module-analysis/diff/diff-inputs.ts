import type { ModuleInput, ModuleOutput } from '../module-analysis.ts'
import { compareTypes } from './compare-types.ts'
import { changeOf, diffSection, flagChange, nameMap, type Verdict } from './diff-section.ts'
import type { DiffSection, ModuleChange } from './module-diff.ts'

/** Differences of the variables. */
export function diffInputs(from: readonly ModuleInput[], to: readonly ModuleInput[]): DiffSection {
  return diffSection(nameMap(from), nameMap(to), {
    show: ({ type }) => type,
    added: ({ required }) =>
      required ? { breaking: true, why: 'callers must set it' } : { breaking: false, why: 'it is new and has a default' },
    removed: () => ({ breaking: true, why: 'callers that set it fail' }),
    changed: changesOfInput,
  })
}

/** Differences of the outputs. */
export function diffOutputs(from: readonly ModuleOutput[], to: readonly ModuleOutput[]): DiffSection {
  return diffSection(nameMap(from), nameMap(to), {
    show: ({ description }) => description,
    removed: () => ({ breaking: true, why: 'callers that use it fail' }),
    changed: (old, now) => [
      ...flagChange('sensitive', { from: old.sensitive, to: now.sensitive }, sensitivity(now.sensitive)),
      ...flagChange('ephemeral', { from: old.ephemeral, to: now.ephemeral }, ephemerality(now.ephemeral)),
      ...changeOf('description', { from: old.description, to: now.description }, WORDS),
    ],
  })
}

const WORDS: Verdict = { breaking: false, why: 'only the words changed' }

function changesOfInput(from: ModuleInput, to: ModuleInput): Omit<ModuleChange, 'name'>[] {
  const type = compareTypes(from.type, to.type)
  return [
    ...(type === undefined ? [] : changeOf('type', { from: from.type, to: to.type }, type)),
    ...changeOf('default', { from: from.default, to: to.default }, defaultVerdict(to)),
    ...flagChange(
      'nullable',
      { from: from.nullable, to: to.nullable },
      {
        breaking: from.nullable,
        why: from.nullable ? 'null is not accepted any more' : 'null is accepted',
      },
    ),
    ...flagChange(
      'sensitive',
      { from: from.sensitive, to: to.sensitive },
      {
        breaking: false,
        why: to.sensitive ? 'the value is hidden in plans' : 'the value is shown in plans',
      },
    ),
    ...flagChange(
      'ephemeral',
      { from: from.ephemeral, to: to.ephemeral },
      {
        breaking: from.ephemeral,
        why: from.ephemeral ? 'ephemeral values are not accepted any more' : 'ephemeral values are accepted',
      },
    ),
    ...changeOf('validation', { from: rulesText(from), to: rulesText(to) }, VALIDATION),
    ...changeOf('description', { from: from.description, to: to.description }, WORDS),
  ]
}

const VALIDATION: Verdict = { breaking: false, why: 'other values may be refused' }

function defaultVerdict(to: ModuleInput): Verdict {
  return to.required
    ? { breaking: true, why: 'it has no default any more, callers must set it' }
    : { breaking: false, why: 'callers that do not set it get another value' }
}

function rulesText({ validation }: ModuleInput): string {
  return validation.map(({ condition }) => condition).join('\n')
}

function sensitivity(sensitive: boolean): Verdict {
  return sensitive
    ? { breaking: true, why: 'what callers make of it must be marked as sensitive too' }
    : { breaking: true, why: 'the value is not hidden any more' }
}

function ephemerality(ephemeral: boolean): Verdict {
  return ephemeral ? { breaking: true, why: 'callers cannot keep it any more' } : { breaking: false, why: 'callers can keep it' }
}

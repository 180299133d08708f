import { lockAddress } from '@terrace/protocol/lock-file.ts'
import { type Static, Type } from 'typebox'
import type { CalledModule } from './input/read-configuration.ts'
import type { LockedProvider, LockOutcome } from './make-lock-file.ts'
import { MISSING_REASONS } from './version-hashes.ts'

const LockedProviderView = Type.Object({
  address: Type.String({ description: 'HOST/NAMESPACE/TYPE, as lock files write it' }),
  version: Type.String(),
  constraints: Type.String({ description: 'In the normalised form of lock files; empty when there are none' }),
  hashes: Type.Array(Type.String(), { description: 'Sorted, h1: before zh:' }),
  missing: Type.Array(Type.Object({ platform: Type.String(), why: Type.Enum([...MISSING_REASONS]) }), {
    description: 'Platforms without h1:. not_released: the checksum list has no such package. not_held: it is not stored here',
  }),
  previous_version: Type.Union([Type.String(), Type.Null()], { description: 'In the lock file that was sent' }),
  added_hashes: Type.Integer({ description: 'How many of the hashes the lock file that was sent does not have' }),
})

/** A lock file, and how it came about. */
export const LockView = Type.Object({
  providers: Type.Array(LockedProviderView),
  kept: Type.Array(Type.Object({ address: Type.String(), version: Type.String(), why: Type.Enum(['not_required', 'not_held']) }), {
    description: 'Blocks of the lock file that was sent, as they were',
  }),
  lock_file: Type.String({ description: 'Text of .terraform.lock.hcl' }),
})
export type LockView = Static<typeof LockView>

/** The same for a configuration. */
export const ConfigurationLockView = Type.Object({
  ...LockView.properties,
  module_calls: Type.Array(Type.Object({ folder: Type.String(), name: Type.String(), source: Type.String() }), {
    description: 'Modules that the files call; what they need is locked only if their files were sent too',
  }),
})
export type ConfigurationLockView = Static<typeof ConfigurationLockView>

/** The answer for programs. */
export function presentLock({ providers, kept, text }: LockOutcome): LockView {
  return {
    providers: providers.map(presentProvider),
    kept: kept.map(({ block, why }) => ({ address: lockAddress(block), version: block.version, why })),
    lock_file: text,
  }
}

/** The same with the modules that the configuration calls. */
export function presentConfigurationLock(outcome: LockOutcome, calls: readonly CalledModule[]): ConfigurationLockView {
  return { ...presentLock(outcome), module_calls: calls.map(({ folder, name, source }) => ({ folder, name, source })) }
}

function presentProvider({ block, previous, missing }: LockedProvider): LockView['providers'][number] {
  const before = new Set(previous?.hashes)
  const hashes = [...new Set(block.hashes)].sort()
  return {
    address: lockAddress(block),
    version: block.version,
    constraints: block.constraints,
    hashes,
    missing: missing.map((platform) => ({ ...platform })),
    previous_version: previous?.version ?? null,
    added_hashes: hashes.filter((hash) => !before.has(hash)).length,
  }
}

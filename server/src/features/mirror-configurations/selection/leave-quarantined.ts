import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { listHeldBack } from '../../quarantine/index.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import type { Choice } from './choice.ts'
import { leftBySettings } from './left-out.ts'

/** Takes out of a choice what has failed its verification lately: it would cost the same downloads with the same end. */
export async function leaveQuarantined(
  deps: Pick<MirrorConfigurationDeps, 'database' | 'clock' | 'config'>,
  address: ProviderAddress,
  choice: Choice,
): Promise<Choice> {
  const heldBack = await listHeldBack(deps, address)
  if (heldBack.size === 0) return choice
  const isLeft = (version: string, platform: string) => heldBack.has(`${version} ${platform}`)
  const left = choice.take.filter(({ version, platforms }) => platforms.some((platform) => isLeft(version, platform)))
  const take = choice.take
    .map(({ version, platforms }) => ({ version, platforms: platforms.filter((platform) => !isLeft(version, platform)) }))
    .filter(({ platforms }) => platforms.length > 0)
  const leftOut = leftBySettings(
    'quarantine',
    left.map(({ version }) => version),
  )
  return { ...choice, take, leftOut: [...choice.leftOut, ...leftOut] }
}

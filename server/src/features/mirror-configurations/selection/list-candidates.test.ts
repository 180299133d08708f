import { describe, expect, test } from 'vitest'
import { listCandidates } from './list-candidates.ts'

const ALL = { versions: [], platforms: [], prereleases: false }
const offer = (...versions: string[]) =>
  versions.map((version) => ({
    version,
    protocols: [],
    platforms: [{ os: 'linux', arch: 'amd64' } as const, { os: 'darwin', arch: 'arm64' } as const],
  }))
const OFFER = offer('1.0.0', '1.10.0', '1.9.0', '2.0.0-rc.1', '2.0.0')
const versions = (wanted: { versions?: readonly string[]; prereleases?: boolean }) =>
  listCandidates({ ...ALL, ...wanted }, OFFER).map(({ version }) => version)

describe('candidates', () => {
  test('without a constraint they are every release, newest first', () => {
    expect(versions({})).toEqual(['2.0.0', '1.10.0', '1.9.0', '1.0.0'])
  })

  test('one of the constraints is enough', () => {
    expect(versions({ versions: ['= 1.0.0', '~> 1.10'] })).toEqual(['1.10.0', '1.0.0'])
  })

  test('pre-releases come when they are wanted, and count as their release', () => {
    expect(versions({ versions: ['>= 2.0.0'], prereleases: true })).toEqual(['2.0.0', '2.0.0-rc.1'])
    expect(versions({ prereleases: true })).toContain('2.0.0-rc.1')
  })

  test('a pre-release that a constraint names is taken in any case', () => {
    expect(versions({ versions: ['2.0.0-rc.1'] })).toEqual(['2.0.0-rc.1'])
  })

  test('only wanted platforms that are offered are listed, and no version without one', () => {
    expect(listCandidates({ ...ALL, platforms: ['darwin_arm64', 'windows_amd64'] }, offer('1.0.0'))).toEqual([
      { version: '1.0.0', platforms: ['darwin_arm64'] },
    ])
    expect(listCandidates({ ...ALL, platforms: ['windows_amd64'] }, offer('1.0.0'))).toEqual([])
  })

  test('an upstream that names no platforms is asked for the wanted ones', () => {
    const silent = [{ version: '1.0.0', protocols: [], platforms: [] }]
    expect(listCandidates({ ...ALL, platforms: ['linux_amd64'] }, silent)).toEqual([{ version: '1.0.0', platforms: ['linux_amd64'] }])
    expect(listCandidates(ALL, silent)).toEqual([])
  })
})

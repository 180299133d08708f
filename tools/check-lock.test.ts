import { expect, test } from 'vitest'
import { checkLock } from './check-lock.ts'

const optionalDependencies = { 'b-darwin': '1', 'b-linux': '1' }

test('a lock file that names one platform only is refused', () => {
  const packages = { 'node_modules/b': { optionalDependencies }, 'node_modules/b-linux': {} }
  expect(checkLock({ packages })).toEqual(['"node_modules/b" needs "b-darwin" on some platform, and the lock file leaves it out'])
})

test('platform packages may lie beside their user or below it', () => {
  const packages = {
    'node_modules/a/node_modules/b': { optionalDependencies },
    'node_modules/a/node_modules/b-darwin': {},
    'node_modules/a/node_modules/b/node_modules/b-linux': {},
  }
  expect(checkLock({ packages })).toEqual([])
})

test('a lock file bound to one registry is refused', () => {
  expect(checkLock({ packages: { 'node_modules/a': { resolved: 'https://npm.example.com/a.tgz' } } })).toHaveLength(1)
})

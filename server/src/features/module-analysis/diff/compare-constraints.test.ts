import { expect, test } from 'vitest'
import { compareProviderConstraints, compareTerraformConstraints } from './compare-constraints.ts'

const STILL_FITS = { breaking: false, why: 'all versions that fitted still fit' }
const SAME_MAJOR = { breaking: false, why: 'a newer version of the same major is needed' }
const RAISED = { breaking: true, why: 'older versions are not enough any more' }
const LOWERED = { breaking: true, why: 'newer versions are not allowed any more' }

test.each([
  ['>= 5.0', '>=5.0', undefined],
  ['', '', undefined],
  ['>= 5.0', '>= 4.0', STILL_FITS],
  ['>= 5.0, < 6.0', '>= 5.0', STILL_FITS],
  ['~> 5.0', '>= 5.0, < 7.0', STILL_FITS],
  ['>= 5.0', '', STILL_FITS],
  ['>= 5.0', '>= 5.0, != 5.3.0', STILL_FITS],
  ['>= 5.0', '>= 5.46', SAME_MAJOR],
  ['~> 5.0', '~> 5.10', SAME_MAJOR],
  ['>= 4.9', '>= 5.0', RAISED],
  ['~> 4.0', '~> 5.0', RAISED],
  ['~> 1.2.0', '~> 1.3.0', RAISED],
  ['', '>= 5.0', RAISED],
  ['>= 5.0', '~> 5.0', LOWERED],
  ['< 6.0', '< 5.0', LOWERED],
  ['<= 6.0', '< 6.0', LOWERED],
  ['~> 5.0', '~> 4.0', LOWERED],
  ['>= 5', 'newest', { breaking: false, why: 'the constraint cannot be compared' }],
])('a provider constraint %j that becomes %j', (from, to, change) => {
  expect(compareProviderConstraints(from, to)).toEqual(change)
})

test.each([
  ['>= 1.0', '>= 1.3', RAISED],
  ['', '>= 1.0', RAISED],
  ['>= 1.0', '>= 1.0, < 2.0', LOWERED],
  ['>= 1.3', '>= 1.0', STILL_FITS],
])('a constraint on Terraform %j that becomes %j', (from, to, change) => {
  expect(compareTerraformConstraints(from, to)).toEqual(change)
})

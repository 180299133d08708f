import { expect } from 'vitest'
import type { ClientResult } from './terraform-cli.ts'

/** Asserts that the client has succeeded, with its output in the failure; answers the result. */
export function expectSuccess(result: ClientResult): ClientResult {
  expect(result.code, result.output).toBe(0)
  return result
}

/** Asserts that the client has failed in order, and said this. */
export function expectFailure(result: ClientResult, text: string): void {
  expect(result.code, result.output).toBe(1)
  expect(result.text).toContain(text)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AppDeps } from '../app-deps.ts'
import { createGit } from '../base/git/git.ts'
import { hasGit } from '../testing/git-server.ts'
import { testApp } from '../testing/test-app.ts'
import { type CheckResult, runChecks } from './doctor-checks.ts'

/** What the doctor says about Git. */
async function checkGit(env: Readonly<Record<string, string>>, change = (deps: AppDeps) => deps): Promise<CheckResult | undefined> {
  const { deps } = await testApp('sqlite', env, { change })
  return (await runChecks(deps, [])).find(({ name }) => name === 'git')
}

describe('the doctor', () => {
  const modules = { TFR_FEATURES_AUTO_DOWNLOAD_MODULES: 'true', TFR_MIRROR_SEALED: 'true' }

  test('needs no Git where no modules are fetched', async () => {
    expect(await checkGit({ TFR_MIRROR_SEALED: 'true' })).toMatchObject({ state: 'ok', text: expect.stringContaining('not needed') })
  })

  test.skipIf(!hasGit)('names the version of Git (when skipped: apt-get install git)', async () => {
    expect(await checkGit(modules)).toMatchObject({ state: 'ok', text: expect.stringMatching(/^version \d+\.\d+/) })
  })

  test('warns where Git is needed and missing', async () => {
    const searchPath = mkdtempSync(join(tmpdir(), 'terrace-no-git-'))
    onTestFinished(() => rmSync(searchPath, { recursive: true }))
    expect(await checkGit(modules, (deps) => ({ ...deps, git: createGit({ ...deps, searchPath }) }))).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('not installed'),
      fix: expect.stringContaining('Install Git'),
    })
  })
})

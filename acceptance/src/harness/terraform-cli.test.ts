import { startFakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { reportMissing } from './required-binaries.ts'
import { createWorkspace, type TerraformWorkspace, type WorkspaceOptions } from './terraform-cli.ts'
import { startTlsFront } from './tls-front.ts'

function workspace(options: WorkspaceOptions): TerraformWorkspace {
  const made = createWorkspace(options)
  onTestFinished(made.remove)
  return made
}

describe.skipIf(reportMissing('terraform'))('terraform runner', () => {
  // The ground that all acceptance tests stand on: what fails here is the harness, not the product.
  test('init installs a signed provider from the fake upstream through the front', async () => {
    await using upstream = await startFakeUpstream()
    await upstream.addProvider('acme/widget', { versions: { '1.2.3': {} } })
    await using front = await startTlsFront({ 'registry.example.com': upstream.url })
    const files = {
      'main.tf': 'terraform {\n  required_providers {\n    widget = { source = "registry.example.com/acme/widget" }\n  }\n}\n',
    }
    const { run, read, clean } = workspace({ files, front })
    const result = await run(['init'])
    expect(result.output).toContain('Installed registry.example.com/acme/widget v1.2.3')
    expect(result.code).toBe(0)
    expect(read('.terraform.lock.hcl')).toContain('1.2.3')
    expect(front.requests.map(({ path }) => path)).toContain('/.well-known/terraform.json')
    clean()
    expect(read('.terraform.lock.hcl')).toBeUndefined()
  })

  test('settings of this machine do not reach the client', async () => {
    vi.stubEnv('TF_CLI_ARGS', '-no-such-option')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { run } = workspace({})
    expect(await run(['version'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('the CLI configuration of the workspace is the one that is read', async () => {
    const { run, configure } = workspace({})
    configure('provider_installation {')
    expect((await run(['version'])).output).toContain('cli.tfrc')
  })
})

import { packModule } from '@terrace/server/testing/pack-module.ts'
import { buildZip } from '@terrace/server/testing/zip-writer.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { moduleForm } from './harness/module-form.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const FILES = {
  'main.tf': 'output "id" {\n  value = 1\n}\n',
  'modules/a/main.tf': 'output "a" {\n  value = 1\n}\n',
}

const zipOf = (files: Readonly<Record<string, string>>): Buffer =>
  buildZip(Object.entries(files).map(([name, content]) => ({ name, content, mode: 0o100644 })))

const below = (folder: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]))

/** What was published in whatever form is one archive that the client unpacks. */
describe.skipIf(reportMissing('terraform'))('module archives', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    return world.close
  })

  const publish = async (address: string, archive: Uint8Array, version = '1.0.0') => {
    const form = moduleForm({ address, version, files: {} })
    form.set('file', new Blob([archive as Uint8Array<ArrayBuffer>]), 'module')
    const response = await world.api.request('/api/v1/modules', { method: 'POST', body: form })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const get = async (address: string, version?: string) => {
    const pin = version === undefined ? '' : `  version = "${version}"\n`
    const workspace = world.workspace({ files: { 'main.tf': `module "m" {\n  source = "${REGISTRY}/${address}"\n${pin}}\n` } })
    world.front.requests.length = 0
    return { workspace, result: await workspace.run(['get']) }
  }

  // protocol.md M-14 (B01, B21, B22), M-12 (B30, B35)
  test.each<[string, Buffer]>([
    ['tarball', packModule(FILES)],
    ['zip', zipOf(FILES)],
    ['tarball-with-a-folder', packModule(below('terraform-aws-net-1.0.0', FILES))],
    ['zip-with-a-folder', zipOf(below('net-4f2c1e0', FILES))],
  ])('a %s is served with the module at its root, and its submodule', async (name, archive) => {
    const address = `acme/${name}/aws`
    expect(await publish(address, archive)).toMatchObject({ status: 201 })
    const { workspace, result } = await get(address)
    expectSuccess(result)
    expect(workspace.read('.terraform/modules/m/main.tf')).toBe(FILES['main.tf'])
    expectSuccess((await get(`acme/${name}/aws//modules/a`)).result)
    expectFailure((await get(`acme/${name}/aws//modules/none`)).result, 'Unreadable module subdirectory')
  })

  // reliability.md P3: what was packed in whatever form is the same content.
  test('a zip of the same files is the same version', async () => {
    const [tarball, zip] = [await publish('acme/forms/aws', packModule(FILES)), await publish('acme/forms/aws', zipOf(FILES))]
    expect([tarball.status, zip.status]).toEqual([201, 200])
    expect(zip.body.sha256).toBe(tarball.body.sha256)
  })

  // protocol.md M-13 (B56, B57)
  test.each<[string, Buffer]>([
    ['a path above it', packModule({ ...FILES, '../evil.tf': '' })],
    ['nothing in it', packModule({})],
    [
      'a link',
      buildZip([
        { name: 'main.tf', content: '' },
        { name: 'link', content: '/etc/passwd', mode: 0o120777 },
      ]),
    ],
  ])('an archive with %s never becomes a version', async (_what, archive) => {
    expect(await publish('acme/hostile/aws', archive)).toMatchObject({ status: 422, body: { code: 'INVALID_MODULE_ARCHIVE' } })
    expectFailure((await get('acme/hostile/aws')).result, 'Module not found')
  })

  // protocol.md M-4 (B74, B79)
  test('a version is asked for without "v", and build metadata never gets in', async () => {
    expect(await publish('acme/numbers/aws', packModule(FILES), 'v1.2.0')).toMatchObject({ status: 201, body: { version: '1.2.0' } })
    expect(await publish('acme/numbers/aws', packModule(FILES), '1.3.0+build')).toMatchObject({ status: 422 })
    expectSuccess((await get('acme/numbers/aws')).result)
    const asked = world.front.requests.map(({ path }) => path)
    expect(asked).toContain('/v1/modules/acme/numbers/aws/1.2.0/download')
    expect(asked.filter((path) => path.includes('/v1.2.0'))).toEqual([])
  })

  // protocol.md M-9, M-10 (B53, B54), M-18 (B10-B15)
  test('the link is absolute with a known suffix, and HEAD tells the truth', async () => {
    await publish('acme/linked/aws', packModule(FILES))
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': REGISTRY }
    const answer = await fetch(`${world.server.url}/v1/modules/acme/linked/aws/1.0.0/download`, { headers })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    const link = new URL(answer.headers.get('x-terraform-get') ?? '')
    expect([link.origin, link.pathname]).toEqual([`https://${REGISTRY}`, expect.stringMatching(/\.tar\.gz$/)])
    const here = `${world.server.url}${link.pathname}${link.search}`
    const [head, whole] = [await fetch(here, { method: 'HEAD' }), await fetch(here)]
    const { byteLength } = await whole.arrayBuffer()
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(byteLength)])
    // M-11: clients may add it, and take it away again (B20).
    expect((await fetch(`${here}&archive=tar.gz`)).status).toBe(200)
  })

  // protocol.md M-20 (B87)
  test('init -upgrade brings a version that came later, and a plain init does not', async () => {
    const address = 'acme/growing/aws'
    await publish(address, packModule({ ...FILES, VERSION: '1.0.0' }))
    const { workspace } = await get(address)
    await publish(address, packModule({ ...FILES, VERSION: '1.1.0' }), '1.1.0')
    expectSuccess(await workspace.run(['init']))
    expect(workspace.read('.terraform/modules/m/VERSION')).toBe('1.0.0')
    expectSuccess(await workspace.run(['init', '-upgrade']))
    expect(workspace.read('.terraform/modules/m/VERSION')).toBe('1.1.0')
  })
})

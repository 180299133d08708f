import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishNewModule } from '../../../testing/publish-modules.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'

const FILES = {
  'main.tf': [
    'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n      version = ">= 5.0"\n    }\n  }\n}',
    'variable "region" {\n  type        = string\n  description = "Where"\n  default     = "us-east-1"\n}',
    'output "id" {\n  description = "Its id"\n  value       = 1\n}',
    'module "label" {\n  source  = "acme/label/null"\n  version = "1.0.0"\n}',
    'resource "aws_vpc" "this" {\n}\n',
  ].join('\n'),
  'README.md': '# Network\n',
  'modules/subnet/main.tf': 'variable "name" {}\n',
  'examples/basic/main.tf': 'module "net" {\n  source = "../.."\n}\n',
}

const SUMMARY = {
  id: 'acme/net/aws/1.0.0',
  owner: 'acme',
  namespace: 'acme',
  name: 'net',
  version: '1.0.0',
  provider: 'aws',
  provider_logo_url: '',
  description: 'A network',
  source: 'https://git.example.com/net',
  tag: 'v1.0.0',
  published_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/),
  downloads: 0,
  verified: false,
}

const PART = { readme: '', empty: false, inputs: [], outputs: [], dependencies: [], provider_dependencies: [], resources: [] }

const DETAIL = {
  ...SUMMARY,
  root: {
    path: '',
    name: '',
    readme: '# Network\n',
    empty: false,
    inputs: [{ name: 'region', type: 'string', description: 'Where', default: '"us-east-1"', required: false }],
    outputs: [{ name: 'id', description: 'Its id' }],
    dependencies: [{ name: 'label', source: 'acme/label/null', version: '1.0.0' }],
    provider_dependencies: [{ name: 'aws', namespace: 'hashicorp', source: 'hashicorp/aws', version: '>= 5.0' }],
    resources: [{ name: 'this', type: 'aws_vpc' }],
  },
  submodules: [
    {
      ...PART,
      path: 'modules/subnet',
      name: 'subnet',
      inputs: [{ name: 'name', type: 'any', description: '', default: '', required: true }],
    },
  ],
  examples: [{ ...PART, path: 'examples/basic', name: 'basic', dependencies: [{ name: 'net', source: '../..', version: '' }] }],
  providers: ['aws'],
  versions: ['1.0.0'],
  deprecation: null,
}

// M-22: tools read members by name, so a document has those of protocol.md 6.4, and no others.
describe('the extended documents, member by member', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp('sqlite')
    await publishNewModule(app, { files: FILES, fields: { description: 'A network', source: 'https://git.example.com/net' } })
  })
  afterAll(() => app.close())

  const read = async (url: string): Promise<unknown> => (await app.request(url)).json()

  test.each(['/v1/modules/acme/net/aws', '/v1/modules/acme/net/aws/1.0.0'])('detail: %s', async (url) => {
    expect(await read(url)).toEqual(DETAIL)
  })

  test.each(['/v1/modules', '/v1/modules/', '/v1/modules/acme', '/v1/modules/acme/net', '/v1/modules/search?q=net'])(
    'list: %s',
    async (url) => {
      expect(await read(url)).toEqual({ meta: { limit: 15, current_offset: 0 }, modules: [SUMMARY] })
    },
  )

  test('versions', async () => {
    expect(await read('/v1/modules/acme/net/aws/versions')).toEqual({
      modules: [{ source: 'https://git.example.com/net', versions: [{ version: '1.0.0' }] }],
    })
  })

  test('a deprecation has a reason and a link', async () => {
    const mark = { deprecated: true, message: 'Leaks', successor: 'acme/network/aws' }
    await app.asAdmin({ method: 'PATCH', url: '/api/v1/modules/acme/net/aws/1.0.0', payload: mark })
    expect(await read('/v1/modules/acme/net/aws/1.0.0')).toEqual({
      ...DETAIL,
      deprecation: { reason: 'Leaks', link: 'acme/network/aws' },
    })
  })
})

import { describe, expect, test } from 'vitest'
import { BUNDLE_FORMAT, type BundleManifest } from './bundle-manifest.ts'
import { layOutParts } from './bundle-parts.ts'
import { moduleArchivePath, namedObjects } from './bundle-paths.ts'
import { formatManifest, ManifestError, parseManifest } from './manifest-text.ts'

const ZIP = 'ab'.repeat(32)
const KEY = 'A1'.repeat(20)
const MODULE = { hostname: 'terrace.example.net', namespace: 'Acme', name: 'vpc', system: 'aws' }

const CONTENT = {
  keys: [{ fingerprint: KEY, ascii_armor: 'armor' }],
  providers: [
    {
      hostname: 'registry.terraform.io',
      namespace: 'hashicorp',
      type: 'null',
      origin: 'mirrored' as const,
      source_url: null,
      versions: [
        {
          version: '3.2.1',
          protocols: ['5.0'],
          signed_by: 'upstream' as const,
          signing_key: KEY,
          packages: [{ platform: 'linux_amd64', h1: `h1:${'A'.repeat(43)}=`, zh: `zh:${ZIP}` }],
        },
      ],
    },
  ],
  modules: [
    { ...MODULE, origin: 'published' as const, description: '', source_url: null, versions: [{ version: '1.0.0', commit_sha: null }] },
  ],
}

function manifestOf(changes: Partial<BundleManifest> = {}): BundleManifest {
  const content = { ...CONTENT, ...changes }
  const objects = namedObjects(content).map(({ path, sha256 = ZIP }) => ({ path, sha256, size: 1000, isElsewhere: false }))
  const { objects: placed, parts } = layOutParts(objects, 4_000)
  return {
    format: BUNDLE_FORMAT,
    name: 'site-a',
    created_at: '2026-01-02T03:04:05.678Z',
    registry: 'terrace.example.net',
    source: 'lock_file',
    signing_key: { fingerprint: KEY, ascii_armor: 'armor' },
    since: null,
    parts: [...parts],
    objects: [...placed],
    ...content,
  }
}

const [PROVIDER] = CONTENT.providers
const [VERSION] = PROVIDER?.versions ?? []
const SOURCE = {
  content_sha256: ZIP,
  kind: 'git' as const,
  url: 'https://git.example.com/x',
  ref: 'v1',
  received_sha256: null,
  subdir: 'a/b',
}
const mirrored = (source?: object) => ({
  ...MODULE,
  hostname: 'registry.terraform.io',
  origin: 'mirrored' as const,
  description: '',
  source_url: null,
  versions: [{ version: '1.0.0', commit_sha: null, ...(source !== undefined && { fetched_from: { ...SOURCE, ...source } }) }],
})
const textOf = (changes: Partial<BundleManifest>) => formatManifest(manifestOf(changes))
const withVersion = (changes: object) => textOf({ providers: [{ ...PROVIDER, versions: [{ ...VERSION, ...changes }] } as never] })

describe('the text of a manifest', () => {
  test('is read back as it was', () => {
    expect(parseManifest(formatManifest(manifestOf()))).toEqual(manifestOf())
  })

  test('says of modules of upstreams where they are from', () => {
    const modules = [...CONTENT.modules, mirrored({})]
    expect(parseManifest(textOf({ modules })).modules[0]?.versions[0]?.fetched_from).toEqual(SOURCE)
  })

  test('is the same for lists and members in any order', () => {
    const manifest = manifestOf()
    const turned = Object.fromEntries(Object.entries({ ...manifest, objects: manifest.objects.toReversed() }).reverse())
    expect(formatManifest(turned as BundleManifest)).toBe(formatManifest(manifest))
  })

  test.each([
    ['no JSON', 'no', 'it is no JSON'],
    ['other JSON', '{"a":1}', 'it is no manifest of a bundle'],
    ['a later format', '{"format":"terrace-bundle/2"}', 'its format is "terrace-bundle/2", and this program reads "terrace-bundle/1"'],
    ['another spelling', `${formatManifest(manifestOf())} `, 'it is not written in its canonical form'],
    ['a member too many', textOf({ more: 1 } as never), '"/more" schema is false'],
    ['a way out of the folder', textOf({ name: '../x' }), '"/name" must match pattern'],
    [
      'a foreign host name',
      textOf({ providers: [{ ...PROVIDER, hostname: '../..' } as never] }),
      '"/providers/0/hostname" must match pattern',
    ],
    ['a version that is none', withVersion({ version: '../3.2.1' }), 'is no version'],
    ['a version with a v', withVersion({ version: 'v3.2.1' }), 'is no version'],
    ['a key that is not there', textOf({ keys: [] }), `the signing key "${KEY}" is missing`],
    ['a module of nowhere', textOf({ modules: [mirrored()] }), 'it does not say where "registry.terraform.io/Acme/vpc/aws 1.0.0" is from'],
    ['a module of two origins', textOf({ modules: [{ ...mirrored({}), origin: 'published' }] }), 'has two origins'],
    ['a folder that leads outside', textOf({ modules: [mirrored({ subdir: 'a/../..' })] }), '/subdir" must match pattern'],
    ['a source that is no address', textOf({ modules: [mirrored({ url: 'file:///etc/passwd' })] }), '/url" must match pattern'],
    ['a provider twice', textOf({ providers: [PROVIDER, PROVIDER] as never }), '"registry.terraform.io/hashicorp/null" is there twice'],
  ])('is refused with %s', (_name, text, reason) => {
    expect(() => parseManifest(text)).toThrow(ManifestError)
    expect(() => parseManifest(text)).toThrow(reason)
  })

  test('is refused with a platform that is none', () => {
    const manifest = structuredClone(manifestOf())
    const [provider] = manifest.providers
    if (provider?.versions[0]?.packages[0] === undefined) throw new Error('there is no package')
    provider.versions[0].packages[0] = { ...provider.versions[0].packages[0], platform: '../../x' }
    expect(() => parseManifest(formatManifest(manifest))).toThrow('"../../x" is no platform')
  })
})

describe('the objects of a manifest', () => {
  const refusalOf = (change: (manifest: BundleManifest) => BundleManifest) => {
    try {
      parseManifest(formatManifest(change(structuredClone(manifestOf()))))
    } catch (error) {
      if (error instanceof ManifestError) return error.reason
      throw error
    }
    return undefined
  }

  test.each<[string, (manifest: BundleManifest) => BundleManifest, string]>([
    ['one too few', (m) => ({ ...m, objects: m.objects.slice(1) }), `the object "${moduleArchivePath(MODULE, '1.0.0')}" is missing`],
    [
      'one too many',
      (m) => ({ ...m, objects: [...m.objects, { path: '../../etc/passwd', size: 1, sha256: ZIP, part: 1 }] }),
      'the object "../../etc/passwd" belongs to nothing',
    ],
    [
      'one twice',
      (m) => ({ ...m, objects: [...m.objects, ...m.objects.slice(0, 1)] }),
      `"modules/terrace.example.net/acme/vpc/aws/1.0.0.tar.gz" is there twice`,
    ],
    [
      'two digests of a package',
      (m) => ({ ...m, objects: m.objects.map((object) => ({ ...object, sha256: 'cd'.repeat(32) })) }),
      '"providers/registry.terraform.io/hashicorp/null/terraform-provider-null_3.2.1_linux_amd64.zip" has two digests',
    ],
    [
      'another size of an object',
      (m) => ({ ...m, objects: m.objects.map((object) => ({ ...object, size: object.size + 512 })) }),
      'part 1 has another size than its objects together',
    ],
    [
      'another size of a part',
      (m) => ({ ...m, parts: m.parts.map((part) => ({ ...part, size: part.size + 1 })) }),
      'part 1 has another size than its objects together',
    ],
    ['a part too few', (m) => ({ ...m, parts: m.parts.slice(0, 1) }), 'part 2 is not listed'],
    ['a part too many', (m) => ({ ...m, parts: [...m.parts, { number: m.parts.length + 1, size: 1024 }] }), 'part 5 is empty'],
    [
      'parts with a gap',
      (m) => ({ ...m, parts: m.parts.map((part) => ({ ...part, number: part.number + 1 })) }),
      'its parts are not numbered from 1 without gaps',
    ],
    [
      'some in an earlier bundle that it does not name',
      (m) => ({ ...m, objects: m.objects.map((object) => ({ ...object, part: null })), parts: [] }),
      'objects are in an earlier bundle, and it names none',
    ],
  ])('are refused with %s', (_name, change, reason) => {
    expect(refusalOf(change)).toBe(reason)
  })

  test('may be in an earlier bundle', () => {
    const since = { name: 'site-0', sha256: ZIP }
    expect(refusalOf((m) => ({ ...m, since, objects: m.objects.map((object) => ({ ...object, part: null })), parts: [] }))).toBeUndefined()
  })
})

describe('parts', () => {
  const object = (path: string, size: number) => ({ path, size, sha256: ZIP, isElsewhere: false })

  test('are filled by path as far as they reach', () => {
    const { objects, parts } = layOutParts([object('c', 512), object('a', 512), object('b', 512)], 3_072)
    expect(objects.map(({ path, part }) => [path, part])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ])
    expect(parts).toEqual([
      { number: 1, size: 3_072 },
      { number: 2, size: 2_048 },
    ])
  })

  test('leave out what is elsewhere', () => {
    const { objects, parts } = layOutParts([{ ...object('a', 512), isElsewhere: true }, object('b', 1)], 3_072)
    expect(objects.map(({ part }) => part)).toEqual([null, 1])
    expect(parts).toEqual([{ number: 1, size: 2_048 }])
  })
})

/** `main.tf` that needs one provider, for example `registry.example.com/acme/widget`. */
export function requires(source: string, version?: string): { readonly 'main.tf': string } {
  const type = source.split('/').at(-1)?.toLowerCase() ?? ''
  const constraint = version === undefined ? '' : `, version = "${version}"`
  return { 'main.tf': `terraform {\n  required_providers {\n    ${type} = { source = "${source}"${constraint} }\n  }\n}\n` }
}

/** CLI configuration that knows nothing but the mirror. */
export const mirrorOnly = (url: string): string => `provider_installation {\n  network_mirror {\n    url = "${url}"\n  }\n}\n`

/** CLI configuration that asks the mirror first and the registries next. */
export const mirrorThenDirect = (url: string): string =>
  `provider_installation {\n  network_mirror {\n    url = "${url}"\n  }\n  direct {}\n}\n`

/** Hashes of a lock file with the given scheme, sorted. */
export function lockedHashes(lockFile: string | undefined, scheme: 'h1' | 'zh'): string[] {
  return [...(lockFile ?? '').matchAll(/"(h1|zh):[^"]+"/g)].flatMap(([text, found]) => (found === scheme ? [text.slice(1, -1)] : [])).sort()
}

const OPENTOFU = /^OpenTofu\/(\d+)\.(\d+)/

/**
 * Whether the client takes the archive's address from a JSON body, without go-getter in between: OpenTofu 1.12 and later. All others
 * are answered by `204` and a header. Source: protocol.md 6.1.
 */
export function readsLocation(userAgent: string | undefined): boolean {
  const version = OPENTOFU.exec(userAgent ?? '')
  if (version === null) return false
  const [major, minor] = [Number(version[1]), Number(version[2])]
  return major > 1 || (major === 1 && minor >= 12)
}

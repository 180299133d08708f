import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createGit, type Git } from '../base/git/git.ts'
import { createOutbound, type OutboundOptions } from '../base/outbound/outbound.ts'
import { createSpool } from '../base/spool.ts'

/** A client of the test alone. */
export interface TestGit {
  readonly git: Git
  /** Files below the spool, and the ids of processes that were told of it; both empty when nothing was left. */
  leftovers(): { readonly files: readonly string[]; readonly processes: readonly string[] }
}

export interface TestGitOptions extends Partial<Pick<OutboundOptions, 'allowedNetworks' | 'resolveAddresses' | 'proxyUrl' | 'sealed'>> {
  readonly searchPath?: string
}

/** Reads repositories on 127.0.0.1 unless told otherwise; it ends with the test. */
export function openTestGit({ searchPath, ...options }: TestGitOptions = {}): TestGit {
  const root = mkdtempSync(join(tmpdir(), 'terrace-git-spool-'))
  const outbound = createOutbound({
    allowedNetworks: ['127.0.0.1'],
    apiTimeoutMs: 5_000,
    clock: { now: () => 0 },
    logger: { debug: () => undefined },
    ...options,
  })
  onTestFinished(async () => {
    await outbound.close()
    rmSync(root, { recursive: true })
  })
  const { proxyUrl } = options
  const git = createGit({
    outbound,
    spool: createSpool(root),
    ...(proxyUrl !== undefined && { proxyUrl }),
    ...(searchPath !== undefined && { searchPath }),
  })
  return { git, leftovers: () => ({ files: filesBelow(root), processes: processesTold(root) }) }
}

function filesBelow(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => !entry.isDirectory() || entry.parentPath !== root).map((entry) => join(entry.parentPath, entry.name))
}

/** Where the system tells (Linux): processes with the text in their variables. */
function processesTold(text: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter((id) => /^\d+$/.test(id) && environmentOf(id).includes(text))
}

function environmentOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/environ`, 'latin1')
  } catch {
    // It ended meanwhile, or is another user's.
    return ''
  }
}

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs that tests need and npm does not install: the variable that names another one, and how to get it. */
const BINARIES = {
  terraform: { variable: 'TERRAFORM_BIN', howToGet: 'install it from https://developer.hashicorp.com/terraform/install' },
  tofu: { variable: 'TOFU_BIN', howToGet: 'install it from https://opentofu.org/docs/intro/install/' },
  gpg: { variable: 'GPG_BIN', howToGet: 'apt-get install gnupg' },
  nginx: { variable: 'NGINX_BIN', howToGet: 'apt-get install nginx-light' },
  chromium: { variable: 'CHROMIUM_BIN', howToGet: 'apt-get install chromium' },
  wrk: { variable: 'WRK_BIN', howToGet: 'apt-get install wrk' },
} as const

export type RequiredBinary = keyof typeof BINARIES

/** Path of the program, by its variable or on the PATH; `undefined` when it is not there. */
export function findBinary(name: RequiredBinary): string | undefined {
  const named = process.env[BINARIES[name].variable]
  const candidates = named ? [named] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  return candidates.find(isExecutable)
}

/** Why tests that need the program are skipped and the command that ends it, or `undefined` when it is there. */
export function explainMissing(name: RequiredBinary): string | undefined {
  if (findBinary(name) !== undefined) return undefined
  const { variable, howToGet } = BINARIES[name]
  return `"${name}" is missing: ${howToGet}, or set ${variable} to its path`
}

/**
 * For `describe.skipIf(reportMissing('terraform'))`: whether to skip, and says so once with the reason and the remedy,
 * because a skipped test alone does not tell either.
 */
export function reportMissing(name: RequiredBinary): boolean {
  const reason = explainMissing(name)
  if (reason !== undefined) process.stderr.write(`Skipped: ${reason}\n`)
  return reason !== undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

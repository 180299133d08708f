import { hash as bcryptHash, verify as bcryptVerify } from '@node-rs/bcrypt'
import { RegistryError } from '../../../base/errors.ts'
import { createWorkGate } from './work-gate.ts'

const MIN_CHARACTERS = 12
// bcrypt silently ignores what follows.
const MAX_BYTES = 72

// One for the process, as the threads are.
const gate = createWorkGate()

/** Hashes and checks passwords off the event loop. */
export interface Passwords {
  /** @throws {RegistryError} RULE_BROKEN when the password breaks a rule, RATE_LIMITED when too many wait. */
  hash(password: string, username: string): Promise<string>
  /**
   * Whether the password belongs to the hash. Takes the same time when there is no hash, so that nobody can tell by the clock
   * which users exist.
   *
   * @throws {RegistryError} RATE_LIMITED when too many wait.
   */
  verify(password: string, hash: string | null | undefined): Promise<boolean>
}

function brokenRule(password: string, username: string): string | undefined {
  if ([...password].length < MIN_CHARACTERS) return `it has fewer than ${MIN_CHARACTERS} characters`
  if (Buffer.byteLength(password, 'utf8') > MAX_BYTES) return `it has more than ${MAX_BYTES} bytes`
  if (password.includes('\0')) return 'it has a NUL character'
  if (password.toLowerCase().includes(username)) return 'it contains the user name'
  return new Set(password).size < 4 ? 'it repeats a few characters' : undefined
}

/** bcrypt with the given cost (each step doubles the work). Source: requirements.md AUT-05. */
export function createPasswords({ bcryptCost }: { readonly bcryptCost: number }): Passwords {
  // A hash of nothing: well-formed, of the same cost, equal to no password's.
  const nobody = `$2b$${String(bcryptCost).padStart(2, '0')}$${'.'.repeat(53)}`
  return {
    async hash(password, username) {
      const broken = brokenRule(password, username)
      if (broken !== undefined) {
        throw new RegistryError('RULE_BROKEN', `Cannot use the password for "${username}": ${broken}`, {
          hint: `Take at least ${MIN_CHARACTERS} characters, for example four words`,
        })
      }
      return await gate(() => bcryptHash(password, bcryptCost))
    },
    async verify(password, hash) {
      const usable = Buffer.byteLength(password, 'utf8') <= MAX_BYTES && !password.includes('\0')
      const matches = await gate(() => bcryptVerify(usable ? password : '', hash ?? nobody))
      return matches && usable && typeof hash === 'string'
    },
  }
}

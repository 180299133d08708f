import type { Scope } from '../features/access/index.ts'
import { type Caller, SUFFICIENT } from './expectations.ts'

/** What a credential is worth: `none` was sent, it is `wrong`, or what its holder may do. */
export type Worth =
  | 'none'
  | 'wrong'
  | {
      readonly registry: readonly Scope[]
      /** In some organisation. */
      readonly organization: readonly Scope[]
      readonly isSession: boolean
      /** A key that changes nothing but what is in some namespaces. */
      readonly isBound?: boolean
    }

/** What the table says about a call: that it passes, or the status of the refusal. */
export type Verdict = 'passes' | 401 | 403

/** Reads the table; shares nothing with the code of the server. */
export function decide(caller: Caller, worth: Worth): Verdict {
  if (caller === 'public' || caller === 'signed link') return 'passes'
  if (worth === 'wrong') return 401
  if (caller === 'anyone') return 'passes'
  return worth === 'none' ? 401 : decideAbout(caller, worth)
}

function decideAbout(caller: Caller, worth: Exclude<Worth, string>): Verdict {
  if (caller === 'authenticated') return 'passes'
  if (caller === 'a session') return worth.isSession ? 'passes' : 403
  const [scope, place] = caller.split(' in ') as [Scope, 'the registry' | 'an organisation']
  if (worth.isBound === true && place === 'the registry' && !scope.endsWith(':read')) return 403
  const held = place === 'the registry' ? worth.registry : [...worth.registry, ...worth.organization]
  return held.some((one) => SUFFICIENT[scope].includes(one)) ? 'passes' : 403
}

/** The scope that the row asks for; `undefined` where it asks for none. */
export function scopeOf(caller: Caller): Scope | undefined {
  return caller.includes(' in ') ? (caller.split(' in ')[0] as Scope) : undefined
}

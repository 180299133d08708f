import { decodeJson } from '../../base/database/columns.ts'
import { isReleasable, type PackageRule } from '../verification/index.ts'
import type { QuarantinedPackageRow } from './quarantine-queries.ts'
import type { QuarantineStep } from './quarantine-steps.ts'

/** Whether an administrator may let a finding pass, and what to do. */
export interface ReleaseVerdict {
  readonly releasable: boolean
  readonly nextStep: string
}

/** What an entry about content holds. */
export interface ContentEvidence {
  readonly problems?: readonly { readonly rule: PackageRule }[]
  /** Of the refused zip, lower-case hex. */
  readonly sha256?: string
}

type Judge = (row: Judged) => ReleaseVerdict
type Judged = Pick<QuarantinedPackageRow, 'id' | 'step' | 'evidence'>

const never = (why: string): Judge => {
  return ({ id }) => ({ releasable: false, nextStep: `${why}; try again: terrace quarantine retry ${id}` })
}

const JUDGES: Readonly<Record<QuarantineStep, Judge>> = {
  shasums: never('A list that crashes clients cannot be handed on: the publisher has to mend it'),
  signature: never('Nothing lets in what no trusted key has signed'),
  signing_key: ({ id, evidence }) => {
    const { fingerprint = 'KEY' } = decodeJson<{ fingerprint?: string }>(evidence)
    const accept = `terrace signing-key accept ${fingerprint}`
    const nextStep = `Compare the fingerprint with the publisher's and trust the key: ${accept}; then: terrace quarantine retry ${id}`
    return { releasable: false, nextStep }
  },
  checksum: never('Nothing lets in bytes that contradict the signed list'),
  content: ({ id, evidence }) => {
    const { problems = [], sha256 } = decodeJson<ContentEvidence>(evidence)
    const releasable = sha256 !== undefined && problems.length > 0 && problems.every(({ rule }) => isReleasable(rule))
    if (releasable) return { releasable, nextStep: `If you want it all the same: terrace quarantine release ${id} --reason TEXT` }
    return never('Nothing lets in what could harm whoever unpacks it')({ id, step: 'content', evidence })
  },
  digest_change: ({ id, evidence }) => {
    const { held } = decodeJson<{ held?: boolean }>(evidence)
    if (held === false) {
      const ask = 'Nothing of it is held, only clients were shown the old digest: ask the publisher what happened'
      return { releasable: true, nextStep: `${ask}; to take the new one: terrace quarantine release ${id} --reason TEXT` }
    }
    const why = 'What is held stays, and a version has one content for ever: ask the publisher what happened'
    return never(why)({ id, step: 'digest_change', evidence })
  },
}

/** Judges by the step; of content, by the rules that are broken. */
export function judgeRelease(row: Judged): ReleaseVerdict {
  return JUDGES[row.step as QuarantineStep](row)
}

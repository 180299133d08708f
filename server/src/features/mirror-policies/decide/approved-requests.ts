import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import type { ApprovedRequest, PolicySubject } from './policy-types.ts'

/** Whether a request is about the subject; one version that was approved is enough to ask for the list. */
export function covers(request: ApprovedRequest, subject: PolicySubject): boolean {
  return (
    request.hostname === subject.hostname &&
    request.namespace === subject.namespace &&
    request.type === subject.type &&
    (request.version === null || subject.version === undefined || request.version === subject.version)
  )
}

/** `HOST/NAMESPACE/TYPE VERSION`, for people. */
export function nameOf(subject: PolicySubject): string {
  const address = formatProviderAddress(subject)
  return subject.version === undefined ? address : `${address} ${subject.version}`
}

import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { Type } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import type { Config } from '../../config/config-schema.ts'
import { heldBackUntil } from './hold-back.ts'
import type { QuarantinedPackageRow } from './quarantine-queries.ts'
import { judgeRelease } from './release-rules.ts'

const Time = Type.String({ format: 'date-time' })
const OrNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

const EXAMPLE = {
  id: '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f',
  hostname: 'registry.terraform.io',
  namespace: 'hashicorp',
  type: 'null',
  version: '3.2.4',
  os: 'linux',
  arch: 'amd64',
  step: 'checksum',
  code: 'CHECKSUM_MISMATCH',
  message: 'Cannot verify "terraform-provider-null_3.2.4_linux_amd64.zip": sha256 mismatch',
  evidence: { expected: '5c1b…', found: '90ab…', size: 5_242_880 },
  upstream_url: 'https://releases.hashicorp.com/terraform-provider-null/3.2.4/terraform-provider-null_3.2.4_linux_amd64.zip',
  job_id: '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e60',
  attempts: 1,
  first_seen_at: '2026-01-02T03:04:05.000Z',
  created_at: '2026-01-02T03:04:05.000Z',
  held_back_until: '2026-01-03T03:04:05.000Z',
  releasable: false,
  next_step:
    'Nothing lets in bytes that contradict the signed list; try again: terrace quarantine retry 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f',
  release: null,
}

/** A quarantined package as the API shows it. */
export const QuarantinedPackageView = Type.Object(
  {
    id: Type.String(),
    hostname: Type.String(),
    namespace: Type.String(),
    type: Type.String(),
    version: Type.String(),
    os: Type.String(),
    arch: Type.String(),
    step: Type.String({
      description: 'Verification step that refused it: shasums, signature, signing_key, checksum, content or digest_change',
    }),
    code: Type.String(),
    message: Type.String(),
    evidence: Type.Record(Type.String(), Type.Unknown(), { description: 'Expected and found digests, key ids, addresses' }),
    upstream_url: OrNull(Type.String()),
    job_id: OrNull(Type.String({ description: 'Job of the last attempt; null when a client had asked for the version' })),
    attempts: Type.Integer({ description: 'With the same finding, in a row' }),
    first_seen_at: Time,
    created_at: Type.String({ format: 'date-time', description: 'Last attempt' }),
    held_back_until: OrNull(
      Type.String({ format: 'date-time', description: 'Until then nothing but an administrator causes the next try' }),
    ),
    releasable: Type.Boolean({ description: 'Whether an administrator may let the finding pass' }),
    next_step: Type.String({ description: 'What to do' }),
    release: OrNull(Type.Object({ at: Time, by: Type.String(), reason: Type.String() })),
  },
  { $id: 'QuarantinedPackage', examples: [EXAMPLE] },
)

/** The view of an entry. */
export function presentQuarantined(row: QuarantinedPackageRow, config: Pick<Config, 'mirror'>) {
  const { upstreamUrl, createdAt, firstSeenAt, jobId, evidence, releasedAt, releasedBy, releaseReason, ...rest } = row
  const until = heldBackUntil(row, config)
  const { releasable, nextStep } = judgeRelease(row)
  return {
    ...rest,
    evidence: decodeJson<Record<string, unknown>>(evidence),
    upstream_url: upstreamUrl,
    job_id: jobId,
    first_seen_at: new Date(firstSeenAt ?? createdAt).toISOString(),
    created_at: new Date(createdAt).toISOString(),
    held_back_until: until === undefined ? null : new Date(until).toISOString(),
    releasable,
    next_step: nextStep,
    release: releasedAt === null ? null : { at: new Date(releasedAt).toISOString(), by: releasedBy ?? '', reason: releaseReason ?? '' },
  }
}

/** A package as people write it. */
export function nameOfRow({ hostname, namespace, type, version, os, arch }: QuarantinedPackageRow): string {
  return `${hostname}/${namespace}/${type} ${version} ${formatPlatform({ os, arch })}`
}

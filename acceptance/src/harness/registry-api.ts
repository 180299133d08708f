import { setTimeout } from 'node:timers/promises'
import { type PublishInput, publishForm } from './publish-form.ts'

/** A job as the administration API shows it. */
export interface Job {
  readonly id: string
  readonly state: 'pending' | 'running' | 'completed' | 'failed'
  readonly total: number
  readonly completed: number
  readonly failed: number
  readonly items: readonly JobItem[]
}

export interface JobItem {
  readonly kind: string
  readonly key: string
  readonly state: string
  readonly attempts: number
  readonly error_code: string | null
  readonly error_message: string | null
}

/** A held package. */
export interface HeldPackage {
  readonly id: string
  readonly version_id: string
  readonly hostname: string
  readonly namespace: string
  readonly type: string
  readonly version: string
  readonly os: string
  readonly arch: string
  readonly zh: string
  readonly h1: string
  readonly signed_by: string
  readonly signing_key: string
  readonly warning: string | null
  readonly blocked: boolean
  readonly damaged: boolean
  /** What the upstream signs for it now, when that is something else. */
  readonly upstream_change: { readonly zh: string } | null
}

/** A package that failed verification. */
export interface QuarantinedPackage {
  readonly hostname: string
  readonly namespace: string
  readonly type: string
  readonly version: string
  readonly step: string
  readonly code: string
  readonly message: string
  readonly evidence: Readonly<Record<string, unknown>>
}

export interface SigningKey {
  readonly id: string
  readonly namespace: string
  readonly fingerprint: string
  readonly state: string
}

/** Status and JSON of an answer. */
export interface Answer {
  readonly status: number
  // The shape depends on the address; a test looks at what it knows to be there.
  readonly body: Readonly<Record<string, unknown>>
}

/** The administration API, asked as its administrator. Everything but `publish` throws on a refusal. */
export interface RegistryApi {
  /** Loads providers by a definition and waits for the end of the job, good or bad. */
  load(definition: string): Promise<Job>
  /** The same without waiting; answers the job's id. */
  startLoad(definition: string): Promise<string>
  /** Waits for the end of a job. @throws after `timeoutMs`, 60 000 by default. */
  waitForJob(id: string, timeoutMs?: number): Promise<Job>
  retryJob(id: string): Promise<void>
  publish(input: PublishInput): Promise<Answer>
  /** Up to 100 held packages, newest first. */
  packages(filter?: Readonly<Record<string, string>>): Promise<readonly HeldPackage[]>
  /** Sets flags of a version or platform, for example `{ blocked: true }`. */
  change(id: string, flags: Readonly<Record<string, unknown>>): Promise<void>
  remove(id: string): Promise<void>
  quarantine(): Promise<readonly QuarantinedPackage[]>
  signingKeys(): Promise<readonly SigningKey[]>
  acceptKey(keyId: string): Promise<void>
  rejectKey(keyId: string): Promise<void>
  /** Any other request with the administrator's token. */
  request(path: string, init?: RequestInit): Promise<Response>
}

const POLL_MS = 25
const JOB_TIMEOUT_MS = 60_000

/** A client for the server at `url`; `signIn` answers the token. */
export function createRegistryApi(server: { readonly url: string; signIn(): Promise<string> }): RegistryApi {
  const request = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(server.url + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${await server.signIn()}` } })
  const requireJson = async <T>(path: string, init?: RequestInit): Promise<T> => {
    const response = await request(path, init)
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${await response.text()}`)
    return (response.status === 204 ? undefined : await response.json()) as T
  }
  const send = (method: string, body?: unknown): RequestInit =>
    body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const list = async <T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<readonly T[]> => {
    const { items } = await requireJson<{ items: T[] }>(`${path}?${new URLSearchParams({ limit: '100', ...query })}`)
    return items
  }
  const startLoad = async (definition: string): Promise<string> => {
    const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: definition }
    const { job_id } = await requireJson<{ job_id: string }>('/api/v1/admin/providers/upload', init)
    return job_id
  }
  const waitForJob = async (id: string, timeoutMs = JOB_TIMEOUT_MS): Promise<Job> => {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const job = await requireJson<Job>(`/api/v1/admin/jobs/${id}?limit=100`)
      if (job.state === 'completed' || job.state === 'failed') return job
      if (Date.now() > deadline) throw new Error(`Job ${id} did not end: ${JSON.stringify(job)}`)
      await setTimeout(POLL_MS)
    }
  }
  return {
    request,
    startLoad,
    waitForJob,
    load: async (definition) => waitForJob(await startLoad(definition)),
    retryJob: (id) => requireJson(`/api/v1/admin/jobs/${id}/retry`, send('POST')),
    publish: async (input) => {
      const response = await request('/api/v1/providers', { method: 'POST', body: publishForm(input) })
      return { status: response.status, body: (await response.json()) as Answer['body'] }
    },
    packages: (filter) => list('/api/v1/admin/providers', filter),
    change: (id, flags) => requireJson(`/api/v1/admin/providers/${id}`, send('PATCH', flags)),
    remove: (id) => requireJson(`/api/v1/admin/providers/${id}`, send('DELETE')),
    quarantine: () => list('/api/v1/admin/quarantine'),
    signingKeys: () => list('/api/v1/admin/signing-keys'),
    acceptKey: (keyId) => requireJson(`/api/v1/admin/signing-keys/${keyId}/accept`, send('POST')),
    rejectKey: (keyId) => requireJson(`/api/v1/admin/signing-keys/${keyId}/reject`, send('POST')),
  }
}

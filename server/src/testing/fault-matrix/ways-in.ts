import { newId } from '../../base/ids.ts'
import { archivesOf, definitionOf, type JobAnswer, ORIGIN, readJob, untilDone, upload } from '../mirror-jobs.ts'
import type { TestApp } from '../test-app.ts'
import { createTestMirror, startSync } from '../test-mirrors.ts'

/** How bringing a provider in has ended. */
export interface Attempt {
  readonly isHeld: boolean
  /** What a client was told; `undefined` where nobody waits for an answer. */
  readonly status: number | undefined
  /** Everything that anybody was told: the client's answer, codes and messages of the failed items. */
  readonly text: string
  /** Tries of the item that was tried most often; 0 where none was made. */
  readonly attempts: number
}

/** One of the three ways by which an upstream's packages come in. */
export interface WayIn {
  readonly name: string
  /** Brings version 1.0.0 of a provider for `linux_amd64`, or fails to. */
  bring(app: TestApp, provider: string): Promise<Attempt>
}

const load: WayIn = {
  name: 'a definition load',
  bring: async (app, provider) => attemptOf(await untilDone(app, await upload(app, definitionOf(provider)))),
}

const run: WayIn = {
  name: 'a mirror run',
  async bring(app, provider) {
    const name = `mirror-${newId()}`
    await createTestMirror(app, { name, providers: [provider] })
    return attemptOf(await untilDone(app, await startSync(app, name)))
  },
}

const demand: WayIn = {
  name: 'a request on demand',
  async bring(app, provider) {
    const document = await app.request(`/v1/mirror/${ORIGIN}/${provider}/1.0.0.json`)
    const link = document.statusCode === 200 ? (await archivesOf(app, provider)).linux_amd64?.url : undefined
    const response = link === undefined ? document : await app.request(link)
    const [newest] = await jobIdsOf(app, provider)
    const job = attemptOf(newest === undefined ? { items: [] } : await readJob(app, newest))
    const isHeld = response.statusCode === 302 || link?.includes('/files/') === true
    return { ...job, isHeld, status: response.statusCode, text: `${response.body}\n${job.text}` }
  },
}

/** All three. */
export const WAYS_IN: readonly WayIn[] = [load, run, demand]

/** Jobs of requests on demand for a provider, newest first. */
export async function jobIdsOf({ deps }: TestApp, provider: string): Promise<string[]> {
  const { jobs } = await deps.queue.listJobs({ limit: 100, offset: 0 })
  return jobs.filter(({ title }) => title.startsWith('Fetch on demand') && title.includes(`${provider} `)).map(({ id }) => id)
}

function attemptOf({ items }: Pick<JobAnswer, 'items'>): Attempt {
  const packages = items.filter(({ kind }) => kind.endsWith('_package'))
  return {
    isHeld: packages.length > 0 && items.every(({ state }) => state === 'completed'),
    status: undefined,
    text: items.flatMap(({ error_code, error_message }) => (error_code === null ? [] : [`${error_code} ${error_message}`])).join('\n'),
    attempts: items.reduce((most, { attempts }) => Math.max(most, attempts), 0),
  }
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FakeUpstream, startFakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { createTestCertificates } from '@terrace/server/testing/test-certificates.ts'
import { startTcpRelay, type TcpRelay } from '../../acceptance/src/harness/tcp-relay.ts'
import { makeTemporaryFolder } from '../../acceptance/src/harness/temporary-folder.ts'

/** Host name that stands for the upstream in provider addresses. */
export const UPSTREAM_HOSTNAME = 'upstream.example.com'

/** A provider registry on loopback over https, as both sides use it. */
export interface BenchUpstream extends AsyncDisposable {
  readonly registry: FakeUpstream
  /** Configuration of a server that reads it. */
  readonly serverConfig: string
  /** CLI configuration of a client that reads it. */
  readonly cliConfig: string
  /** File of the authority that vouches for it. */
  readonly caPath: string
  /** The line by which everybody reaches it. */
  readonly line: TcpRelay
}

/** Starts it without any provider. */
export async function startBenchUpstream(): Promise<BenchUpstream> {
  const folder = makeTemporaryFolder('upstream')
  const { ca, ...tls } = await createTestCertificates()
  const caPath = join(folder.path, 'ca.pem')
  writeFileSync(caPath, ca)
  const registry = await startFakeUpstream({ tls })
  const line = await startTcpRelay({ host: '127.0.0.1', port: registry.port })
  const url = `https://localhost:${line.port}`
  return {
    registry,
    line,
    caPath,
    serverConfig: `outbound { allowed_networks = ["127.0.0.0/8", "::1/128"] }
upstream "${UPSTREAM_HOSTNAME}" {
  url     = "${url}"
  ca_file = ${JSON.stringify(caPath)}
}
`,
    cliConfig: `host "${UPSTREAM_HOSTNAME}" {
  services = { "providers.v1" = "${url}/v1/providers/" }
}
`,
    async [Symbol.asyncDispose]() {
      await line.close()
      await registry.close()
      folder.remove()
    },
  }
}

import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { manifestFilename } from '@terrace/protocol/bundle/bundle-paths.ts'
import { parseSize } from '../../bundle/parse-size.ts'
import { type PlannedBundle, planBundle } from '../../bundle/plan-bundle.ts'
import { type PlanBody, readEarlier, readSelection, type SelectionOptions } from '../../bundle/read-selection.ts'
import { type WrittenBundle, writeBundle } from '../../bundle/write-bundle.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { countOf, formatBytes } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { showFacts } from '../../output/show-facts.ts'
import type { CommandContext } from '../../program/command-context.ts'

interface CreateOptions extends CommonOptions, SelectionOptions {
  readonly platform?: readonly string[]
  readonly split?: string
  readonly out?: string
  readonly allowMissing?: boolean
  readonly overwrite?: boolean
}

/** `terrace bundle create NAME`: writes the files of a bundle; what is there of it already is kept. */
export const createBundle: RunCommand<CreateOptions> = async (context, { arguments: [name = ''], options }) => {
  const { output, io } = context
  const body = await readBody(context, name, options)
  const folder = resolve(io.cwd, options.out ?? '.')
  await withApi(context, async (api) => {
    const plan = await planBundle(api, output, body)
    await mkdir(folder, { recursive: true })
    const written = await writeBundle({ api, output }, plan, { folder, overwrite: options.overwrite === true })
    show(output, { folder, plan, written })
  })
}

async function readBody(context: CommandContext, name: string, options: CreateOptions): Promise<PlanBody> {
  const { platform, split, since, allowMissing } = options
  return {
    name,
    ...(await readSelection(context, options)),
    ...(platform !== undefined && { platforms: [...platform] }),
    ...(split !== undefined && { part_bytes: parseSize(split, '--split') }),
    ...(since !== undefined && { since: await readEarlier(context, since) }),
    ...(allowMissing === true && { allow_missing: true }),
  }
}

interface Outcome {
  readonly folder: string
  readonly plan: PlannedBundle
  readonly written: WrittenBundle
}

function show(output: Output, { folder, plan, written }: Outcome): void {
  const { manifest, missing } = plan
  const bytes = manifest.parts.reduce((sum, { size }) => sum + size, 0)
  const here = manifest.objects.filter(({ part }) => part !== null).length
  const path = join(folder, manifestFilename(manifest.name))
  const { fingerprint } = manifest.signing_key
  showFacts(output, {
    facts: [
      ['manifest', path],
      ['parts', `${countOf(manifest.parts.length, 'file')}, ${formatBytes(bytes)}`],
      [
        'objects',
        manifest.since === null ? String(here) : `${here}, and ${manifest.objects.length - here} in bundle ${manifest.since.name}`,
      ],
      ['downloaded', formatBytes(written.downloadedBytes)],
      ['kept', formatBytes(written.keptBytes)],
      ['signing key', fingerprint],
    ],
    document: {
      name: manifest.name,
      manifest: path,
      files: written.files,
      bytes,
      objects: here,
      elsewhere: manifest.objects.length - here,
      downloaded_bytes: written.downloadedBytes,
      kept_bytes: written.keptBytes,
      signing_key: fingerprint,
      missing,
    },
  })
  output.message(`Check it on the other side with: terrace bundle verify ${manifestFilename(manifest.name)} --key ${fingerprint}`)
}

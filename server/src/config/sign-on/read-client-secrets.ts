import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ConfigProblem } from '../config-error.ts'
import type { SourcedValue } from '../read-environment.ts'

const KEY = 'auth.oidc'

interface WrittenProvider {
  readonly name: string
  readonly client_secret?: string
  readonly client_secret_file?: string
}

/**
 * Puts the contents of `client_secret_file` in the place of `client_secret`, for each provider of `auth.oidc`: an element of a list has
 * no variable of its own, and so no `…_FILE`. A line break at the end of the file does not count. Answers what is wrong.
 */
export async function readClientSecrets(settings: Map<string, SourcedValue>, cwd: string): Promise<ConfigProblem[]> {
  const setting = settings.get(KEY)
  if (setting === undefined) return []
  const { source } = setting
  const problems: ConfigProblem[] = []
  const report = (index: number, problem: string) => void problems.push({ key: `${KEY}[${index}].client_secret_file`, problem, source })
  const providers = await Promise.all(
    // The schema has been checked.
    (setting.value as readonly WrittenProvider[]).map(async (provider, index) => {
      const { client_secret_file: file, ...rest } = provider
      if (file === undefined) return provider
      if (provider.client_secret !== undefined) report(index, `"${provider.name}" has "client_secret" too; keep one`)
      try {
        return { ...rest, client_secret: (await readFile(resolve(cwd, file), 'utf8')).replace(/\r?\n$/, '') }
      } catch (error) {
        report(index, `cannot read the file "${file}": ${(error as NodeJS.ErrnoException).code}`)
        return rest
      }
    }),
  )
  settings.set(KEY, { ...setting, value: providers })
  return problems
}

import { nearestName } from '../base/nearest-name.ts'

/** One thing that is wrong with the settings. Never holds the value of a secret. */
export interface ConfigProblem {
  /** Dotted key, name of a variable, or name of a file. */
  readonly key: string
  readonly problem: string
  /** File or variable that the value came from. */
  readonly source?: string
  /** The known name nearest to an unknown one. */
  readonly suggestion?: string
}

/** The settings cannot be used. The message lists all problems, one a line. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    super([`Cannot load the configuration: ${count}`, ...problems.map((problem) => `  ${formatProblem(problem)}`)].join('\n'), options)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** The problem of a name that is no setting, with the nearest one that is. */
export function unknownKey(key: string, known: readonly string[], source?: string): ConfigProblem {
  const suggestion = nearestName(key, known)
  return {
    key,
    problem: 'unknown setting',
    ...(source === undefined ? {} : { source }),
    ...(suggestion === undefined ? {} : { suggestion }),
  }
}

function formatProblem({ key, problem, source, suggestion }: ConfigProblem): string {
  const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
  return `${key}: ${problem}${hint}${source === undefined || source === key ? '' : ` (from ${source})`}`
}
